import type { CandleBody, PackedCandle } from './record.ts';

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
