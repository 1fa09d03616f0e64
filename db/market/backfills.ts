import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Database } from '../connection/database.ts';
import { type Page, pageOf, type PageQuery } from '../connection/list-page.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';

export const BACKFILL_INTERVALS = ['1m', '1d'] as const;
export type BackfillInterval = (typeof BACKFILL_INTERVALS)[number];
/** Minutes that are fetched for an entry: one request, up to its own minute. */
export const AROUND_MS = 180 * 60_000;
export const BACKFILL_STATES = ['waiting', 'done', 'unavailable'] as const;

/** Candles of [since, until) that are wanted. Times are epoch milliseconds. */
export interface WantedCandles {
  symbol: string;
  interval: BackfillInterval;
  since: number;
  until: number;
  /** Where they are to come from, and what they are called there. */
  exchange: string;
  sourceSymbol: string;
}

export interface Backfill extends WantedCandles {
  id: string;
  /** Everything before is stored. */
  reached: number;
  state: (typeof BACKFILL_STATES)[number];
  /** How many candles have been stored. */
  candles: number;
  /** Why it waits or is given up; `null`: nothing is in its way. */
  detail: string | null;
  createdAt: number;
  updatedAt: number;
}

export interface BackfillRow {
  id: string;
  symbol: string;
  interval: BackfillInterval;
  since: number;
  until: number;
  reached: number;
  exchange: string;
  source_symbol: string;
  state: Backfill['state'];
  candles: number;
  detail: string | null;
  created_at: number;
  updated_at: number;
}

export function toBackfill(row: BackfillRow): Backfill {
  const { id, symbol, interval, since, until, reached, exchange, state, candles, detail } = row;
  const { source_symbol: sourceSymbol, created_at: createdAt, updated_at: updatedAt } = row;
  const place = { symbol, interval, since, until, exchange, sourceSymbol };
  return { id, ...place, reached, state, candles, detail, createdAt, updatedAt };
}

/** How long what an exchange did not have is not asked for again. */
const GIVEN_UP_MS = 86_400_000;
/** Jobs that may wait: the rest is asked for once there is room. */
export const MAX_WAITING = 5_000;

/**
 * Adds jobs for what no job covers yet. What was given up a day ago or more waits once more.
 * @param requestedBy who asks for it by hand; `null`: ledgers do
 * @returns how many wait now that did not before
 */
export async function addBackfills(
  db: Database,
  wanted: readonly WantedCandles[],
  { clock, requestedBy = null }: { clock: Clock; requestedBy?: string | null },
): Promise<number> {
  if (wanted.length === 0) return 0;
  const now = clock.now();
  return await db.transaction(async (trx) => {
    // One planner at a time, whoever asks.
    await trx.raw('lock table backfills in share row exclusive mode');
    const symbols = [...new Set(wanted.map(({ symbol }) => symbol))];
    const { rows }: { rows: BackfillRow[] } = await trx.raw(
      'select * from backfills where symbol = any(?) order by since',
      [symbols],
    );
    const again = rows
      .filter(({ state, updated_at: at }) => state === 'unavailable' && at <= now - GIVEN_UP_MS)
      .map(({ id }) => id);
    await trx('backfills')
      .whereIn('id', again)
      .update({ state: 'waiting', detail: null, updated_at: new Date(now) });
    const { rows: counted }: { rows: { count: number }[] } = await trx.raw(
      `select count(*)::integer as count from backfills where state = 'waiting'`,
    );
    const room = Math.max(0, MAX_WAITING - (counted[0]?.count ?? 0));
    const known = rows.map(toBackfill);
    const added: WantedCandles[] = [];
    for (const each of wanted) {
      const same = [...known, ...added].filter(
        ({ symbol, interval }) => symbol === each.symbol && interval === each.interval,
      );
      for (const { since, until } of uncovered(each, same)) added.push({ ...each, since, until });
    }
    const chosen = added.slice(0, room);
    if (chosen.length > 0) {
      await trx('backfills').insert(
        chosen.map(({ sourceSymbol, since, until, ...rest }) => ({
          ...rest,
          id: newId(clock),
          source_symbol: sourceSymbol,
          since: new Date(since),
          until: new Date(until),
          reached: new Date(since),
          state: 'waiting',
          requested_by: requestedBy,
          created_at: new Date(now),
          updated_at: new Date(now),
        })),
      );
    }
    return chosen.length + again.length;
  });
}

/** The parts of a range that none of the others has. */
export function uncovered(
  { since, until }: { since: number; until: number },
  others: readonly { since: number; until: number }[],
): { since: number; until: number }[] {
  const parts: { since: number; until: number }[] = [];
  let at = since;
  for (const other of others.toSorted((a, b) => a.since - b.since)) {
    if (other.until <= at || other.since >= until) continue;
    if (other.since > at) parts.push({ since: at, until: other.since });
    at = Math.max(at, other.until);
  }
  if (at < until) parts.push({ since: at, until });
  return parts;
}

/** The next job: minutes first, since a rate that a day has given stays. @param except exchanges that are not asked now */
export async function nextBackfill(db: Database, except: readonly string[]): Promise<Backfill | null> {
  const { rows }: { rows: BackfillRow[] } = await db.raw(
    `select * from backfills where state = 'waiting' and not exchange = any(?::text[])
     order by interval desc, id limit 1`,
    [[...except]],
  );
  const [row] = rows;
  return row === undefined ? null : toBackfill(row);
}

/** @returns the job as it is now; `null` if it is gone */
export async function updateBackfill(
  db: Database,
  id: string,
  change: { reached?: number; state?: Backfill['state']; stored?: number; detail: string | null },
  { clock }: { clock: Clock },
): Promise<Backfill | null> {
  const { reached, state, stored = 0, detail } = change;
  const rows: BackfillRow[] = await db('backfills')
    .where({ id })
    .update({
      ...(reached === undefined ? {} : { reached: new Date(reached) }),
      ...(state === undefined ? {} : { state }),
      candles: db.raw('candles + ?::integer', [stored]),
      detail,
      updated_at: new Date(clock.now()),
    })
    .returning('*');
  const [row] = rows;
  return row === undefined ? null : toBackfill(row);
}

/** Newest first. */
export async function listBackfills(
  db: Database,
  { limit, cursor, symbol }: PageQuery & { symbol?: string | undefined },
): Promise<Page<Backfill>> {
  const query = db('backfills')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (symbol !== undefined) void query.where({ symbol });
  if (cursor) void query.where('id', '<', decodeCursor(cursor, ['uuid'])[0]);
  const rows: BackfillRow[] = await query;
  return pageOf(rows.map(toBackfill), limit, (last) => encodeCursor([last.id]));
}

export async function getBackfill(db: Database, id: string): Promise<Backfill | null> {
  const row: BackfillRow | undefined = await db('backfills').where({ id }).first();
  return row === undefined ? null : toBackfill(row);
}
