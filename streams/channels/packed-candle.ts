import type { PackedCandle } from './record.ts';
import type { CandleBody } from '../../lib/schemas/candle-schema.ts';

export function unpackCandle(symbol: string, packed: PackedCandle): CandleBody {
  const [interval, time, open, high, low, close, volume, quoteVolume, trades, ...flags] = packed;
  const [closed, simulated, complete] = flags;
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
    complete: complete === 1,
  };
}
