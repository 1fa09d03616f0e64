import type { ChannelType } from './channel-type.ts';
import { ofMarket } from './channel-type.ts';
import { unpackCandle } from './packed-candle.ts';
import type { CandleRecord } from './record.ts';

const INTERVAL = /^(1m|5m|15m|30m|1h|4h|1d|1w|1M)$/;

/** The current candle of a symbol, and each one once more when it is final. */
export const candle: ChannelType<CandleRecord> = {
  type: 'candle',
  kind: 'state',
  address: 'candle:{symbol}:{interval}',
  parse(subject) {
    const [symbol = '', interval = '', ...rest] = subject.split(':');
    return rest.length === 0 && INTERVAL.test(interval) ? ofMarket(symbol) : null;
  },
  views({ symbol, candles, unchanged }) {
    return candles.map((packed) => {
      const body = unpackCandle(symbol, packed);
      const { interval, closed } = body;
      const channel = `candle:${symbol}:${interval}`;
      return {
        kind: 'state',
        channel,
        wildcard: `candle:*:${interval}`,
        // The final state of a candle must not be replaced by the next candle.
        slot: closed ? `${channel} closed` : channel,
        quiet: unchanged?.includes(interval) === true,
        event: 'candle',
        body,
      };
    });
  },
};
