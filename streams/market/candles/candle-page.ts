import { foldCandles, minutePage, candleTime, type CandleWindow } from '../../../db/market/candle-folds.ts';
import {
  DAY_MS,
  INTERVAL_MS,
  isCalendarInterval,
  type CandleInterval,
} from '../../../lib/candle-interval.ts';
import { type Candle } from '../../../db/market/candles.ts';
import type { Database } from '../../../db/connection/database.ts';
import { joinCandles, mergeVersions } from './candle-fold.ts';
import { candleEnd, candleStart } from './candle-bounds.ts';

const MINUTE = 60_000;
/** How many minutes are folded before checking whether there are enough candles. */
const MINUTES_AT_ONCE = 100_000;
const LENGTH_MS = { ...INTERVAL_MS, '1d': DAY_MS, '1w': 7 * DAY_MS, '1M': 31 * DAY_MS };

export interface CandlePageQuery {
  symbol: string;
  interval: CandleInterval;
  /** Candles that start in [from, to), each of them whole. */
  from: number;
  to: number;
  order: 'asc' | 'desc';
  limit: number;
  /** Where days, weeks (Monday) and months begin; shorter intervals are aligned to UTC. */
  timeZone: string;
  /** Simulated candles, or real ones. */
  simulated: boolean;
}

/**
 * The first `limit` candles of a range in an order. Intervals without a trade have no candle. UTC days that are stored
 * whole count in place of their minutes wherever the days of the time zone are those of UTC.
 * @param newest minutes, oldest first, that may be ahead of the database
 */
export async function candlePage(
  db: Database,
  query: CandlePageQuery,
  newest: readonly Candle[],
): Promise<Candle[]> {
  const { interval, from, to, order, limit, timeZone, simulated } = query;
  if (from >= to) return [];
  if (interval === '1m') return await minutes(db, query, newest);
  const startOf = (time: number): number => candleStart(time, interval, timeZone);
  const endOf = (time: number): number => candleEnd(time, interval, timeZone);
  // The first and the last candle are whole, even if the range begins or ends within them.
  let low = startOf(from) === from ? from : endOf(from);
  let high = endOf(to - 1);
  const atOnce = Math.max(1, Math.floor(MINUTES_AT_ONCE / (LENGTH_MS[interval] / MINUTE)));
  const found: Candle[] = [];
  while (found.length < limit && low < high) {
    // Skips gaps in one step.
    const next = await nextTime(db, { ...query, from: low, to: high }, newest);
    if (next === null) break;
    const windows: CandleWindow[] = [];
    const count = Math.min(limit - found.length, atOnce);
    const { symbol } = query;
    if (order === 'asc') {
      low = startOf(next);
      for (; windows.length < count && low < high; low = endOf(low)) {
        windows.push({ symbol, from: low, to: endOf(low) });
      }
    } else {
      high = endOf(next);
      for (; windows.length < count && low < high; high = startOf(high - 1)) {
        windows.push({ symbol, from: startOf(high - 1), to: high });
      }
    }
    for (const candle of await foldWithNewest(db, windows, { newest, simulated }))
      if (candle !== null) found.push(candle);
  }
  return found;
}

async function minutes(
  db: Database,
  { symbol, from, to, order, limit, simulated }: CandlePageQuery,
  newest: readonly Candle[],
): Promise<Candle[]> {
  const first = Math.ceil(from / MINUTE) * MINUTE;
  const stored = await minutePage(db, { symbol, from: first, to, order, limit }, simulated);
  const byTime = new Map(stored.map((candle) => [candle.time, candle]));
  for (const candle of newest) {
    if (candle.time < first || candle.time >= to) continue;
    byTime.set(candle.time, mergeVersions(byTime.get(candle.time) ?? null, candle));
  }
  const sign = order === 'asc' ? 1 : -1;
  return [...byTime.values()].sort((a, b) => sign * (a.time - b.time)).slice(0, limit);
}

async function nextTime(
  db: Database,
  { symbol, interval, from, to, order, simulated }: CandlePageQuery,
  newest: readonly Candle[],
): Promise<number | null> {
  const days = isCalendarInterval(interval);
  const stored = await candleTime(db, { symbol, from, to, order, days }, simulated);
  const times = newest.map(({ time }) => time).filter((time) => time >= from && time < to);
  if (stored !== null) times.push(stored);
  if (times.length === 0) return null;
  return order === 'asc' ? Math.min(...times) : Math.max(...times);
}

/** Folds windows, with the given minutes in place of their stored versions, which may be older. */
async function foldWithNewest(
  db: Database,
  windows: readonly CandleWindow[],
  { newest, simulated }: { newest: readonly Candle[]; simulated: boolean },
): Promise<(Candle | null)[]> {
  const parts = windows.map((window) => partsOf(window, newest));
  const folded = await foldCandles(db, parts.flat(), simulated);
  let at = 0;
  return parts.map((own, index) => {
    const start = windows[index]?.from ?? 0;
    let whole: Candle | null = null;
    for (const { from, minute } of own) {
      const part = folded[at] ?? null;
      at += 1;
      const merged = minute === null ? part : mergeVersions(part, minute);
      whole = joinCandles(whole, merged === null ? null : { ...merged, time: from }, start);
    }
    return whole;
  });
}

interface Part extends CandleWindow {
  /** The part is this minute, which may be newer than its stored version. */
  minute: Candle | null;
}

/** A window around the minutes that may be ahead; what comes before their day stays in whole days. */
function partsOf({ symbol, from, to }: CandleWindow, newest: readonly Candle[]): Part[] {
  const within = newest.filter(({ time }) => time >= from && time < to);
  const [first] = within;
  if (first === undefined) return [{ symbol, from, to, minute: null }];
  const parts: Part[] = [];
  let reached = from;
  const upTo = (time: number, minute: Candle | null): void => {
    if (time > reached) parts.push({ symbol, from: reached, to: time, minute });
    reached = Math.max(reached, time);
  };
  upTo(Math.floor(first.time / DAY_MS) * DAY_MS, null);
  for (const minute of within) {
    upTo(minute.time, null);
    upTo(minute.time + MINUTE, minute);
  }
  upTo(to, null);
  return parts;
}
