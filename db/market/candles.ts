import { DAY_MS } from '../../lib/candle-interval.ts';
import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';

/** Prices in quote per base, `volume` in base, `quoteVolume` in quote. Times are epoch milliseconds. */
export interface Candle {
  symbol: string;
  /** Start of the interval. */
  time: number;
  /** When the closing price was. */
  closeTime: number;
  open: Fixed;
  high: Fixed;
  low: Fixed;
  close: Fixed;
  volume: Fixed;
  quoteVolume: Fixed;
  /** Public trades; a tick that only tells a price is none. */
  trades: number;
  /** Whether any of its ticks was made up. */
  simulated: boolean;
}

/** Rows of one statement: bounds its memory, and how long the embedded database holds the event loop. */
const ROWS_AT_ONCE = 2_000;

/**
 * Stores one-minute candles.
 * - `merge` (for what is built from ticks): a candle is a running sum over one minute of one log, so of two versions
 *   the one with more in it is the later. Saving twice, replaying the same file, or a node that saw only the end of
 *   a minute never adds anything up twice.
 * - `replace` (for what a user loads): the new one is right.
 */
export async function upsertCandles(
  db: Database,
  candles: readonly Candle[],
  mode: 'merge' | 'replace',
): Promise<void> {
  await upsertAll(db, candles, mode, false);
}

/**
 * Stores whole UTC days, which `replace` those stored before. `time` is the day's start; its close counts as known from
 * the day's last millisecond on. A day stored this way stands for its minutes wherever whole days are summed up.
 */
export async function upsertDays(db: Database, days: readonly Candle[]): Promise<void> {
  const rows = days.map((day) => ({ ...day, time: day.time + DAY_MS - 1, closeTime: day.time + DAY_MS - 1 }));
  await upsertAll(db, rows, 'replace', true);
}

async function upsertAll(
  db: Database,
  candles: readonly Candle[],
  mode: 'merge' | 'replace',
  daily: boolean,
): Promise<void> {
  const rows = [...new Map(candles.map((candle) => [`${candle.symbol} ${candle.time}`, candle])).values()];
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    await upsertRows(db, rows.slice(start, start + ROWS_AT_ONCE), mode, daily);
  }
}

const MERGE = `
  open = case when excluded.trades >= candles.trades then excluded.open else candles.open end,
  close = case when excluded.close_time >= candles.close_time then excluded.close else candles.close end,
  close_time = greatest(candles.close_time, excluded.close_time),
  high = greatest(candles.high, excluded.high),
  low = least(candles.low, excluded.low),
  volume = greatest(candles.volume, excluded.volume),
  quote_volume = greatest(candles.quote_volume, excluded.quote_volume),
  trades = greatest(candles.trades, excluded.trades),
  simulated = candles.simulated or excluded.simulated`;

const REPLACE = `
  open = excluded.open, close = excluded.close, close_time = excluded.close_time, high = excluded.high,
  low = excluded.low, volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades,
  simulated = excluded.simulated`;

async function upsertRows(
  db: Database,
  rows: readonly Candle[],
  mode: 'merge' | 'replace',
  daily: boolean,
): Promise<void> {
  // One array a column: the statement is the same whatever the number of rows.
  await db.raw(
    `insert into candles
       (daily, symbol, time, close_time, open, high, low, close, volume, quote_volume, trades, simulated)
     select ?::boolean, * from unnest(?::text[], ?::timestamptz[], ?::timestamptz[], ?::numeric[], ?::numeric[],
       ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[], ?::integer[], ?::boolean[])
     on conflict (symbol, time) do update set ${mode === 'merge' ? MERGE : REPLACE}`,
    [
      daily,
      rows.map((row) => row.symbol),
      rows.map((row) => iso(row.time)),
      rows.map((row) => iso(row.closeTime)),
      rows.map((row) => decimal(row.open)),
      rows.map((row) => decimal(row.high)),
      rows.map((row) => decimal(row.low)),
      rows.map((row) => decimal(row.close)),
      rows.map((row) => decimal(row.volume)),
      rows.map((row) => decimal(row.quoteVolume)),
      rows.map((row) => row.trades),
      rows.map((row) => row.simulated),
    ],
  );
}

/** A known price and when it was. */
export interface PricePoint {
  symbol: string;
  price: Fixed;
  time: number;
  simulated: boolean;
}

/**
 * The newest close of every symbol, at most `limit` symbols. Hops through the key symbol by symbol, instead of reading
 * every candle there is.
 */
export async function lastCloses(db: Database, limit = 5_000): Promise<PricePoint[]> {
  const { rows } = await db.raw<{ rows: CloseRow[] }>(
    `with recursive symbols as (
       (select symbol from candles order by symbol limit 1)
       union all
       select (select c.symbol from candles c where c.symbol > s.symbol order by c.symbol limit 1)
       from symbols s where s.symbol is not null
     )
     select s.symbol, last.close, last.close_time, last.simulated
     from symbols s
     cross join lateral (
       select close, close_time, simulated from candles c where c.symbol = s.symbol order by c.time desc limit 1
     ) last
     where s.symbol is not null
     limit ?`,
    [limit],
  );
  return rows.map(toPricePoint);
}

/** The last price known at a time: never one from after it. Served by the primary key. */
export async function closeAt(db: Database, symbol: string, time: number): Promise<PricePoint | null> {
  const row = await db('candles')
    .where({ symbol })
    .andWhere('time', '<=', iso(time))
    .andWhere('close_time', '<=', iso(time))
    .orderBy('time', 'desc')
    .first<CloseRow | undefined>('symbol', 'close', 'close_time', 'simulated');
  return row === undefined ? null : toPricePoint(row);
}

/** Every one-minute candle since a time, oldest first, at most `limit`: what a starting node takes its 24 hours from. */
export async function candlesSince(db: Database, since: number, limit: number): Promise<Candle[]> {
  const { rows } = await db.raw<{ rows: CandleRow[] }>(
    `select * from (
       select * from candles where time >= ? and not daily order by time desc limit ?
     ) newest order by time`,
    [iso(since), limit],
  );
  return rows.map(toCandle);
}

export interface CloseRow {
  symbol: string;
  close: string;
  close_time: number;
  simulated: boolean;
}

export interface CandleRow extends CloseRow {
  time: number;
  open: string;
  high: string;
  low: string;
  volume: string;
  quote_volume: string;
  trades: number;
}

function toPricePoint({ symbol, close, close_time: time, simulated }: CloseRow): PricePoint {
  return { symbol, price: fixed(close), time, simulated };
}

export function toCandle(row: CandleRow): Candle {
  return {
    symbol: row.symbol,
    time: row.time,
    closeTime: row.close_time,
    open: fixed(row.open),
    high: fixed(row.high),
    low: fixed(row.low),
    close: fixed(row.close),
    volume: fixed(row.volume),
    quoteVolume: fixed(row.quote_volume),
    trades: row.trades,
    simulated: row.simulated,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
