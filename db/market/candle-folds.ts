import { DAY_MS } from '../../lib/candle-interval.ts';
import { toCandle, type Candle, type CandleRow } from './candles.ts';
import type { Database } from '../connection/database.ts';

/** [from, to) of one symbol, to become one candle. */
export interface CandleWindow {
  symbol: string;
  from: number;
  to: number;
}

const MINUTE = 60_000;
/** Bounds of one statement: how many minutes it may read, and how many windows it may answer. */
const MINUTES_AT_ONCE = 150_000;
const WINDOWS_AT_ONCE = 2_000;

/** Windows of whole UTC days use the days that are stored as a whole; any other window is made of minutes alone. */
function isOfWholeDays({ from, to }: CandleWindow): boolean {
  return from % DAY_MS === 0 && to % DAY_MS === 0;
}

/**
 * One candle per window, with the window's start as its time; `null` if nothing was traded. A day stored as a whole
 * replaces its minutes. The database does the grouping, in as many statements as it takes to keep each one short.
 */
export async function foldCandles(
  db: Database,
  windows: readonly CandleWindow[],
  simulated = false,
): Promise<(Candle | null)[]> {
  const folded: (Candle | null)[] = windows.map(() => null);
  let batch: number[] = [];
  let minutes = 0;
  for (const [index, window] of windows.entries()) {
    if (window.to <= window.from) continue;
    const length = (window.to - window.from) / MINUTE;
    if (batch.length > 0 && (minutes + length > MINUTES_AT_ONCE || batch.length >= WINDOWS_AT_ONCE)) {
      await foldBatch(db, { windows, batch, simulated }, folded);
      [batch, minutes] = [[], 0];
    }
    batch.push(index);
    minutes += length;
  }
  if (batch.length > 0) await foldBatch(db, { windows, batch, simulated }, folded);
  return folded;
}

async function foldBatch(
  db: Database,
  {
    windows,
    batch,
    simulated,
  }: { windows: readonly CandleWindow[]; batch: readonly number[]; simulated: boolean },
  folded: (Candle | null)[],
): Promise<void> {
  const chosen = batch.flatMap((index) => windows[index] ?? []);
  const { rows } = await db.raw<{ rows: (CandleRow & { nth: number })[] }>(
    // A day is first folded from its minutes and the day stored as a whole, which takes precedence.
    `with days as (
       select distinct on (w.nth, date_bin('1 day', c.time, 'epoch'::timestamptz))
         w.nth, date_bin('1 day', c.time, 'epoch'::timestamptz) as day, max(c.close_time) as close_time,
         (array_agg(c.open order by c.time))[1] as open, max(c.high) as high, min(c.low) as low,
         (array_agg(c.close order by c.time desc))[1] as close,
         sum(c.volume) as volume, sum(c.quote_volume) as quote_volume, sum(c.trades) as trades
       from unnest(?::integer[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::boolean[])
         as w (nth, symbol, since, until, whole)
       join candles c
         on c.simulated = ? and c.symbol = w.symbol and c.time >= w.since and c.time < w.until
           and (w.whole or not c.daily)
       group by w.nth, date_bin('1 day', c.time, 'epoch'::timestamptz), c.daily
       order by w.nth, date_bin('1 day', c.time, 'epoch'::timestamptz), c.daily desc
     )
     select nth, max(close_time) as close_time, (array_agg(open order by day))[1] as open, max(high) as high,
       min(low) as low, (array_agg(close order by day desc))[1] as close, sum(volume) as volume,
       sum(quote_volume) as quote_volume, sum(trades)::bigint as trades
     from days group by nth`,
    [
      [...batch],
      chosen.map(({ symbol }) => symbol),
      chosen.map(({ from }) => iso(from)),
      chosen.map(({ to }) => iso(to)),
      chosen.map(isOfWholeDays),
      simulated,
    ],
  );
  for (const row of rows) {
    const window = windows[row.nth];
    if (window === undefined) continue;
    folded[row.nth] = toCandle({ ...row, simulated, symbol: window.symbol, time: window.from });
  }
}

/** The minutes stored in each range, of any number of symbols, oldest first. The caller bounds the ranges. */
export async function minuteCandles(
  db: Database,
  ranges: readonly CandleWindow[],
  simulated = false,
): Promise<Candle[]> {
  const { rows } = await db.raw<{ rows: CandleRow[] }>(
    `select c.* from unnest(?::text[], ?::timestamptz[], ?::timestamptz[]) as w (symbol, since, until)
     join candles c
       on c.simulated = ? and c.symbol = w.symbol and c.time >= w.since and c.time < w.until and not c.daily
     order by c.symbol, c.time`,
    [
      ranges.map(({ symbol }) => symbol),
      ranges.map(({ from }) => iso(from)),
      ranges.map(({ to }) => iso(to)),
      simulated,
    ],
  );
  return rows.map(toCandle);
}

export interface MinutePage extends CandleWindow {
  order: 'asc' | 'desc';
  limit: number;
}

/** The first `limit` minutes of a range, in either direction. */
export async function minutePage(
  db: Database,
  { symbol, from, to, order, limit }: MinutePage,
  simulated = false,
): Promise<Candle[]> {
  const { rows } = await db.raw<{ rows: CandleRow[] }>(
    `select * from candles where simulated = ? and symbol = ? and time >= ? and time < ? and not daily
     order by time ${order === 'asc' ? 'asc' : 'desc'} limit ?`,
    [simulated, symbol, iso(from), iso(to), limit],
  );
  return rows.map(toCandle);
}

/** The time of the first (`asc`) or last (`desc`) stored candle of a range, with which a reader skips gaps. */
export async function candleTime(
  db: Database,
  { symbol, from, to, order, days }: CandleWindow & { order: 'asc' | 'desc'; days: boolean },
  simulated = false,
): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { time: number }[] }>(
    `select time from candles
     where simulated = ? and symbol = ? and time >= ? and time < ? and (?::boolean or not daily)
     order by time ${order === 'asc' ? 'asc' : 'desc'} limit 1`,
    [simulated, symbol, iso(from), iso(to), days],
  );
  return rows[0]?.time ?? null;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
