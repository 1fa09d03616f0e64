import { DAY_MS } from '../../lib/candle-interval.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';

/** Runs a transaction, under a lease if only one node may do so. */
type Write = (task: (trx: Database) => Promise<number>) => Promise<number>;

/**
 * Deletes the minutes of whole UTC days before a time and leaves one candle for each day: prices at past midnights and
 * long candles remain, but what happened within the day does not. It proceeds day by day to keep statements short.
 * @returns the number of minutes deleted
 */
export async function pruneCandles(
  db: Database,
  before: number,
  write: Write = (task) => db.transaction(task),
): Promise<number> {
  const end = Math.floor(before / DAY_MS) * DAY_MS;
  let pruned = 0;
  for (;;) {
    const { rows } = await db.raw<{ rows: { oldest: number | null }[] }>(
      'select min(time) as oldest from candles where not daily and time < ?',
      [iso(end)],
    );
    const oldest = rows[0]?.oldest ?? null;
    if (oldest === null) return pruned;
    pruned += await pruneDay(write, Math.floor(oldest / DAY_MS) * DAY_MS);
  }
}

async function pruneDay(write: Write, day: number): Promise<number> {
  const range = [iso(day), iso(day + DAY_MS)];
  return await write(async (trx) => {
    await allowTime(trx, LONG_WORK_MS);
    await trx.raw(
      `insert into candles
         (daily, symbol, time, close_time, open, high, low, close, volume, quote_volume, trades, simulated)
       select true, symbol, ?::timestamptz, max(close_time), (array_agg(open order by time))[1], max(high), min(low),
         (array_agg(close order by time desc))[1], sum(volume), sum(quote_volume),
         least(sum(trades), 2147483647)::integer, simulated
       from candles where time >= ? and time < ? and not daily
       group by simulated, symbol
       on conflict (simulated, symbol, time) do nothing`,
      [iso(day + DAY_MS - 1), ...range],
    );
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      'delete from candles where time >= ? and time < ? and not daily',
      range,
    );
    return rowCount;
  });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
