import type { CandleInterval } from '../../../lib/candle-interval.ts';
import type { Candle } from '../../../db/market/candles.ts';
import { decimal } from '../../../lib/money/money.ts';
import { unpackCandle } from '../../channels/packed-candle.ts';
import type { PackedCandle } from '../../channels/record.ts';
import type { CandleBody } from '../../../lib/schemas/candle-schema.ts';

/** A candle as REST and streams show it. */
export function candleBody(
  candle: Candle,
  interval: CandleInterval,
  { closed, complete }: { closed: boolean; complete: boolean },
): CandleBody {
  return { ...unpackCandle(candle.symbol, packCandle(candle, interval, closed)), complete };
}

/**
 * A candle as the log holds it, without the names of its fields: each event has nine of them, and takes half the room in
 * the ring this way. It counts as complete: only the gaps tell otherwise.
 */
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
    1,
  ];
}
