import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import type { Clock } from '../../lib/clock.ts';
import type { EntriesMove, ValuationMove } from './positions/booking-options.ts';
import { compareOrder } from '../../lib/pnl/ledger/entry.ts';
import { BulkPositions } from './positions/bulk-positions.ts';
import { getEntries } from './entries/entries.ts';
import { startsOf } from './entries/entry-assets.ts';
import { follow, type Followed, movesOf } from './links/following.ts';
import { applyRestated, partOther, type Restated } from './links/joins.ts';
import { ledgerOf, type Ledgers } from './portfolios/linked-ledgers.ts';
import { advance } from './portfolios/portfolios.ts';
import { isMovement, type StoredEntry } from './entries/stored-entry.ts';
import { countTags } from './portfolios/tags.ts';

/** Many entries were removed at once, and are not published individually. */
export interface RemovalMove {
  subject: 'removal';
  /** Of the ledger, after it. */
  version: number;
  /** The exchange account that had booked them. */
  accountId: string;
  count: number;
}

export interface RemovalOptions {
  clock: Clock;
  /** The exchange account whose entries they are; if absent, they are published individually, however many. */
  accountId?: string;
  /** The maximum number of entries that are published individually if an account is named. */
  published?: number;
  /** What is to be published about it: see `BookingOptions`. */
  records?: (move: EntriesMove | RemovalMove | ValuationMove) => string[];
}

export interface Removal extends Followed {
  count: number;
  /** What was removed, as far as it is published individually. */
  entries: StoredEntry[];
  version: number;
}

/**
 * Removes any number of entries from the ledger and restates the positions they affect, once.
 * @param ledgers the portfolio's, and all that are linked with it
 * @param next yields the ids of the next batch of entries in the ledger, until there are none left
 */
export async function removeEntries(
  trx: Database,
  ledgers: Ledgers,
  portfolioId: string,
  next: () => Promise<readonly string[]>,
  options: RemovalOptions,
): Promise<Removal> {
  const { clock, accountId, published = Infinity, records } = options;
  const portfolio = ledgerOf(ledgers, portfolioId);
  const { version } = portfolio;
  await allowTime(trx, LONG_WORK_MS);
  const positions = new BulkPositions(trx, portfolioId, portfolio);
  const elsewhere: Restated[] = [];
  const isTold = (count: number): boolean => accountId === undefined || count <= published;
  let entries: StoredEntry[] = [];
  let count = 0;
  for (;;) {
    const ids = await next();
    if (ids.length === 0) break;
    const removed = await getEntries(trx, portfolioId, ids);
    if (removed.length === 0) throw new RangeError('entries to be removed are not in the ledger');
    const parted = await partFrom(trx, removed);
    // The result of a trade is removed with it.
    await trx.raw('delete from ledger_entries where portfolio_id = ? and id = any(?)', [
      portfolioId,
      [...ids],
    ]);
    const here = movesOf(parted.filter(({ after }) => after.portfolioId === portfolioId));
    elsewhere.push(...parted.filter(({ after }) => after.portfolioId !== portfolioId));
    await positions.remove([...removed, ...here.removed].sort(compareOrder));
    await positions.add(here.added.sort(compareOrder));
    await countTags(trx, portfolioId, { removed });
    count += removed.length;
    entries = isTold(count) ? [...entries, ...removed] : [];
  }
  if (count === 0) return { count, entries, version, message: null, following: [] };
  await positions.finish(() => undefined);
  const others = elsewhere.map(({ after }) => after);
  const told = await applyRestated(trx, ledgers, elsewhere, options);
  const change = {
    origins: [portfolio, ...others.map((other) => ledgerOf(ledgers, other.portfolioId))],
    starts: [...positions.starts(), ...startsOf(others)],
    relinked: others.length > 0 || positions.relinked,
  };
  const following = [...told, ...(await follow(trx, ledgers, change, options))];
  const after = version + count;
  const move: EntriesMove | RemovalMove =
    accountId === undefined || count <= published
      ? { subject: 'entries', change: 'removed', version: after, entries }
      : { subject: 'removal', version: after, accountId, count };
  const outcome = await advance(trx, portfolio, count, { now: clock.now(), records: records?.(move) });
  return { count, entries, following, ...outcome };
}

/** Unmatches the other halves of entries that are removed, except those that are removed too, and returns them. */
async function partFrom(trx: Database, removed: readonly StoredEntry[]): Promise<Restated[]> {
  const going = new Set(removed.map(({ id }) => id));
  const parted: Restated[] = [];
  for (const entry of removed) {
    if (!isMovement(entry) || entry.joinedWith === undefined || going.has(entry.joinedWith)) continue;
    parted.push(...(await partOther(trx, entry)));
  }
  return parted;
}
