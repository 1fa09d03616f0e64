import { DAY_MS } from '../../lib/candle-interval.ts';
import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';

/** Prices in quote per base, `volume` in base, `quoteVolume` in quote. Times are epoch milliseconds. */
export interface Candle {
  symbol: string;
  /** Start of the interval. */
  time: number;
  /** The time of the closing price. */
  closeTime: number;
  open: Fixed;
  high: Fixed;
  low: Fixed;
  close: Fixed;
  volume: Fixed;
  quoteVolume: Fixed;
  /** Public trades; a tick that only states a price is not one. */
  trades: number;
  /** Whether it is simulated or real. The two are never mixed. */
  simulated: boolean;
}

export type UpsertMode = 'merge' | 'replace' | 'keep';

/** Rows per statement: bounds its memory, and how long all other statements of the embedded database wait. */
const ROWS_AT_ONCE = 2_000;

/**
 * Stores one-minute candles.
 * - `merge` (for candles built from ticks): a candle is a running sum over one minute of one log, so of two versions
 *   the one with more trades is the later. Saving twice, replaying the same file, or a node that saw only the end of a
 *   minute never counts anything twice.
 * - `replace` (for candles that a user loads): the new one is right.
 * - `keep` (for fetched candles): the stored one stays.
 */
export async function upsertCandles(
  db: Database,
  candles: readonly Candle[],
  mode: UpsertMode,
): Promise<void> {
  await upsertAll(db, candles, mode, false);
}

/**
 * Stores whole UTC days; `replace` overwrites those stored before. `time` is the start of the day; its close counts as
 * known from the day's last millisecond on. A day stored this way replaces its minutes wherever whole days are summed
 * up.
 */
export async function upsertDays(
  db: Database,
  days: readonly Candle[],
  mode: 'replace' | 'keep' = 'replace',
): Promise<void> {
  const rows = days.map((day) => ({ ...day, time: day.time + DAY_MS - 1, closeTime: day.time + DAY_MS - 1 }));
  await upsertAll(db, rows, mode, true);
}

async function upsertAll(
  db: Database,
  candles: readonly Candle[],
  mode: UpsertMode,
  daily: boolean,
): Promise<void> {
  const rows = [
    ...new Map(
      candles.map((candle) => [`${candle.simulated} ${candle.symbol} ${candle.time}`, candle]),
    ).values(),
  ];
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
  trades = greatest(candles.trades, excluded.trades)`;

const REPLACE = `
  open = excluded.open, close = excluded.close, close_time = excluded.close_time, high = excluded.high,
  low = excluded.low, volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades`;

const CONFLICT = { merge: `update set ${MERGE}`, replace: `update set ${REPLACE}`, keep: 'nothing' };

async function upsertRows(
  db: Database,
  rows: readonly Candle[],
  mode: UpsertMode,
  daily: boolean,
): Promise<void> {
  // One array per column: the statement is the same whatever the number of rows.
  await db.raw(
    `insert into candles
       (daily, symbol, time, close_time, open, high, low, close, volume, quote_volume, trades, simulated)
     select ?::boolean, * from unnest(?::text[], ?::timestamptz[], ?::timestamptz[], ?::numeric[], ?::numeric[],
       ?::numeric[], ?::numeric[], ?::numeric[], ?::numeric[], ?::integer[], ?::boolean[])
     on conflict (simulated, symbol, time) do ${CONFLICT[mode]}`,
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

/** A known price and its time. */
export interface PricePoint {
  symbol: string;
  price: Fixed;
  time: number;
  simulated: boolean;
}

/**
 * The newest close of every symbol, at most `limit` symbols. It skips through the key from symbol to symbol instead of
 * reading every candle.
 */
export async function lastCloses(db: Database, simulated = false, limit = 5_000): Promise<PricePoint[]> {
  const { rows } = await db.raw<{ rows: CloseRow[] }>(
    `with recursive symbols as (
       (select symbol from candles where simulated = ? order by symbol limit 1)
       union all
       select (
         select c.symbol from candles c where c.simulated = ? and c.symbol > s.symbol order by c.symbol limit 1
       ) from symbols s where s.symbol is not null
     )
     select s.symbol, last.close, last.close_time, last.simulated
     from symbols s
     cross join lateral (
       select close, close_time, simulated from candles c
       where c.simulated = ? and c.symbol = s.symbol order by c.time desc limit 1
     ) last
     where s.symbol is not null
     limit ?`,
    [simulated, simulated, simulated, limit],
  );
  return rows.map(toPricePoint);
}

/** The last price known at a time, never a later one. The primary key supports the query. */
export async function closeAt(
  db: Database,
  symbol: string,
  time: number,
  simulated = false,
): Promise<PricePoint | null> {
  const row = await db('candles')
    .where({ simulated, symbol })
    .andWhere('time', '<=', iso(time))
    .andWhere('close_time', '<=', iso(time))
    .orderBy('time', 'desc')
    .first<CloseRow | undefined>('symbol', 'close', 'close_time', 'simulated');
  return row === undefined ? null : toPricePoint(row);
}

/**
 * Every one-minute candle since a time, oldest first, at most `limit`: a starting node computes its 24-hour figures
 * from these.
 */
export async function candlesSince(
  db: Database,
  since: number,
  limit: number,
  simulated = false,
): Promise<Candle[]> {
  const { rows } = await db.raw<{ rows: CandleRow[] }>(
    `select * from (
       select * from candles where simulated = ? and time >= ? and not daily order by time desc limit ?
     ) newest order by time`,
    [simulated, iso(since), limit],
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
