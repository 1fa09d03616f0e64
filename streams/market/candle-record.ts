import type { Candle, CandleInterval } from '../../db/market/candles.ts';
import { decimal } from '../../lib/money/money.ts';
import type { CandleBody, PackedCandle } from '../channels/record.ts';

/** A candle as REST and streams show it. */
export function candleBody(candle: Candle, interval: CandleInterval, closed: boolean): CandleBody {
  return unpackCandle(candle.symbol, packCandle(candle, interval, closed));
}

/** Nine of them go into each event: without the names of their fields they take half the room in the ring. */
export function packCandle(candle: Candle, interval: CandleInterval, closed: boolean): PackedCandle {
  return [
    interval,
    candle.time,
    decimal(candle.open),
    decimal(candle.high),
    decimal(candle.low),
    decimal(candle.close),
    decimal(candle.volume),
    decimal(candle.quoteVolume),
    candle.trades,
    closed ? 1 : 0,
    candle.simulated ? 1 : 0,
  ];
}

export function unpackCandle(symbol: string, packed: PackedCandle): CandleBody {
  const [interval, time, open, high, low, close, volume, quoteVolume, trades, closed, simulated] = packed;
  return {
    symbol,
    interval,
    time: new Date(time).toISOString(),
    open,
    high,
    low,
    close,
    volume,
    quoteVolume,
    trades,
    closed: closed === 1,
    simulated: simulated === 1,
  };
}
