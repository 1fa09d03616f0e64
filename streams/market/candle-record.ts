import type { CandleInterval } from '../../lib/candle-interval.ts';
import type { Candle } from '../../db/market/candles.ts';
import { decimal } from '../../lib/money/money.ts';
import { unpackCandle } from '../channels/packed-candle.ts';
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
