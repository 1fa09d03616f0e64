import type { LedgerEntry } from '../../../lib/pnl/ledger/entry.ts';
import type { Database } from '../../connection/database.ts';
import { touching } from './entries.ts';
import { toLedgerEntry, type LedgerRow } from './entry-row.ts';

/** What comes after a position in the ledger for an asset (`null`: everything). */
export interface Tail {
  asset: string;
  after: { time: number; tie: string } | null;
}

/** Entries of one asset that are read together with those of others. */
export const TAIL_LIMIT = 500;
const ASSETS_AT_ONCE = 20;

/**
 * The first entries of many tails, at most `TAIL_LIMIT` of each, in ledger order: one statement for twenty assets
 * instead of one per asset.
 * @param before epoch milliseconds, exclusive; `null`: to the end
 */
export async function entryTails(
  db: Database,
  portfolioId: string,
  tails: readonly Tail[],
  before: number | null,
): Promise<Map<string, LedgerEntry[]>> {
  const found = new Map<string, LedgerEntry[]>(tails.map(({ asset }) => [asset, []]));
  for (let start = 0; start < tails.length; start += ASSETS_AT_ONCE) {
    const some = tails.slice(start, start + ASSETS_AT_ONCE);
    const { rows }: { rows: (LedgerRow & { of: string })[] } = await db.raw(
      `select wanted.of, found.* from unnest(:assets::text[], :times::timestamptz[], :ties::text[]) as wanted (of, since, tie)
       cross join lateral (${touching('wanted.of', 'wanted.since, wanted.tie', before !== null)}) as found
       order by wanted.of, found.time, found.tie`,
      {
        portfolioId,
        assets: some.map(({ asset }) => asset),
        times: some.map(({ after }) => (after === null ? '-infinity' : new Date(after.time).toISOString())),
        ties: some.map(({ after }) => after?.tie ?? ''),
        limit: TAIL_LIMIT,
        ...(before === null ? {} : { before: new Date(before) }),
      },
    );
    for (const row of rows) found.get(row.of)?.push(toLedgerEntry(row));
  }
  return found;
}
