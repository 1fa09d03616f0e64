import type { Candle } from '../../../db/market/candles.ts';

/**
 * One candle of two that follow one another in time.
 * @param time start of the whole, used when there is no `earlier` one
 */
export function joinCandles(earlier: Candle | null, later: Candle | null, time: number): Candle | null {
  if (later === null) return earlier;
  if (earlier === null) return { ...later, time };
  return {
    ...earlier,
    closeTime: Math.max(earlier.closeTime, later.closeTime),
    high: earlier.high > later.high ? earlier.high : later.high,
    low: earlier.low < later.low ? earlier.low : later.low,
    close: later.close,
    volume: earlier.volume + later.volume,
    quoteVolume: earlier.quoteVolume + later.quoteVolume,
    trades: earlier.trades + later.trades,
    simulated: earlier.simulated || later.simulated,
  };
}

/**
 * One candle of two versions of the same minute, as `upsertCandles` merges them: each is a running sum, so the one with
 * more in it is the later, and nothing is added up twice.
 */
export function mergeVersions(known: Candle | null, seen: Candle): Candle {
  if (known === null) return seen;
  return {
    ...known,
    open: seen.trades >= known.trades ? seen.open : known.open,
    close: seen.closeTime >= known.closeTime ? seen.close : known.close,
    closeTime: Math.max(known.closeTime, seen.closeTime),
    high: seen.high > known.high ? seen.high : known.high,
    low: seen.low < known.low ? seen.low : known.low,
    volume: seen.volume > known.volume ? seen.volume : known.volume,
    quoteVolume: seen.quoteVolume > known.quoteVolume ? seen.quoteVolume : known.quoteVolume,
    trades: Math.max(known.trades, seen.trades),
    simulated: known.simulated || seen.simulated,
  };
}

/** A stored minute plus late trades that are not in it. The open stays the stored one. */
export function addUp(stored: Candle | null, late: Candle): Candle {
  if (stored === null) return late;
  const whole = joinCandles(stored, late, stored.time) ?? late;
  return { ...whole, close: late.closeTime >= stored.closeTime ? late.close : stored.close };
}

/** Whether two candles show the same figures. */
export function isSameCandle(a: Candle | null, b: Candle | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === b.volume &&
    a.quoteVolume === b.quoteVolume &&
    a.trades === b.trades &&
    a.simulated === b.simulated
  );
}
