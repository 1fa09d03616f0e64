import { mapInSlices } from '../../../lib/async/time-slice.ts';
import type { LedgerEntry } from '../../../lib/pnl/ledger/entry.ts';
import { splitSymbol } from '../../../lib/symbol.ts';
import { decodeCursor, encodeCursor } from '../../connection/page-cursor.ts';
import type { Database } from '../../connection/database.ts';
import type { StoredEntry } from './stored-entry.ts';
import {
  ENTRY_COLUMNS,
  LEDGER_COLUMNS,
  toEntry,
  toLedgerEntry,
  type EntryRow,
  type LedgerRow,
} from './entry-row.ts';
import { inTurn, type Turns } from '../../connection/in-turn.ts';
import { pageOf, type Page, type PageQuery } from '../../connection/list-page.ts';

/** Selects the entries that meet every condition. */
export interface EntryFilter {
  kinds?: readonly LedgerEntry['kind'][] | undefined;
  /** Trades of this symbol, such as `BTC/KRW`. */
  symbol?: string | undefined;
  /** Entries that move this asset, or pay a fee in it. */
  asset?: string | undefined;
  /** Entries of this account or wallet. */
  account?: string | undefined;
  /** Epoch milliseconds, inclusive. */
  from?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  to?: number | undefined;
}

export interface EntryQuery extends EntryFilter, PageQuery {
  /** By time, and in the stable order within an instant. */
  order: 'asc' | 'desc';
}

export async function getEntry(db: Database, portfolioId: string, id: string): Promise<StoredEntry | null> {
  const row: EntryRow | undefined = await db('ledger_entries')
    .where({ portfolio_id: portfolioId, id })
    .first(db.raw(ENTRY_COLUMNS));
  return row === undefined ? null : toEntry(row);
}

/** The entry booked under an idempotency key. */
export async function entryByKey(
  db: Database,
  portfolioId: string,
  { exchange, externalId }: { exchange: string; externalId: string },
): Promise<StoredEntry | null> {
  const row: EntryRow | undefined = await db('ledger_entries')
    .where({ portfolio_id: portfolioId, exchange, external_id: externalId })
    .first(db.raw(ENTRY_COLUMNS));
  return row === undefined ? null : toEntry(row);
}

/** Entries of a portfolio with one of the ids, in ledger order. */
export async function getEntries(
  db: Database,
  portfolioId: string,
  ids: readonly string[],
): Promise<StoredEntry[]> {
  const rows: EntryRow[] = await db('ledger_entries')
    .where({ portfolio_id: portfolioId })
    .whereRaw('id = any(?)', [[...ids]])
    .orderBy(['time', 'tie', 'id'])
    .select(db.raw(ENTRY_COLUMNS));
  return rows.map(toEntry);
}

/** @throws Problem `invalid-cursor`; RangeError for an invalid symbol */
export async function listEntries(
  db: Database,
  portfolioId: string,
  query: EntryQuery,
): Promise<Page<StoredEntry>> {
  const { kinds, symbol, asset, account, from, to, order, limit, cursor } = query;
  const rows = db('ledger_entries')
    .select(db.raw(ENTRY_COLUMNS))
    .where({ portfolio_id: portfolioId })
    .orderBy(['time', 'tie', 'id'].map((column) => ({ column, order })))
    .limit(limit + 1);
  // By the parts of the symbol, which have an index.
  if (symbol !== undefined) void rows.where({ ...splitSymbol(symbol) });
  if (asset !== undefined) {
    void rows.whereRaw(
      `(:asset in (base, quote, fee_currency, asset) or id in (
         select entry_id from entry_assets where portfolio_id = :portfolioId and asset = :asset))`,
      { asset, portfolioId },
    );
  }
  if (account !== undefined) void rows.whereRaw('? in (account, to_account)', [account]);
  if (kinds !== undefined) void rows.whereIn('kind', kinds);
  if (from !== undefined) void rows.where('time', '>=', new Date(from));
  if (to !== undefined) void rows.where('time', '<', new Date(to));
  if (cursor) {
    const [time, tie, id] = decodeCursor(cursor, ['number', 'text', 'uuid']);
    void rows.whereRaw(`(time, tie, id) ${order === 'asc' ? '>' : '<'} (?, ?, ?)`, [new Date(time), tie, id]);
  }
  const entries = await mapInSlices((await rows) as EntryRow[], toEntry);
  return pageOf(entries, limit, (last) => encodeCursor([last.time, last.tie, last.id]));
}

const CHUNK = 1_000;

/**
 * Every matching entry, read in chunks: memory use stays bounded, and a slow reader holds no connection. It is not a
 * snapshot: an entry booked meanwhile is seen if it comes later in the order.
 */
export async function* eachEntry(
  db: Database,
  portfolioId: string,
  filter: EntryFilter & { order?: 'asc' | 'desc' } = {},
): AsyncGenerator<StoredEntry, void, undefined> {
  for await (const page of eachEntryPage(db, portfolioId, filter)) yield* page;
}

/** The chunks of `eachEntry`. */
export async function* eachEntryPage(
  db: Database,
  portfolioId: string,
  filter: EntryFilter & { order?: 'asc' | 'desc' } = {},
): AsyncGenerator<StoredEntry[], void, undefined> {
  let cursor: string | null = null;
  do {
    const page: Page<StoredEntry> = await listEntries(db, portfolioId, {
      order: 'asc',
      ...filter,
      limit: CHUNK,
      cursor,
    });
    if (page.items.length > 0) yield page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/**
 * The roles in which an entry may move an asset: no entry is in two, and each has an index that ends in ledger order.
 */
function rolesOf(asset: string): string[] {
  return [
    `base = ${asset}`,
    `quote = ${asset} and base <> ${asset}`,
    `fee_currency = ${asset} and base is distinct from ${asset} and quote is distinct from ${asset}
       and asset is distinct from ${asset}`,
    `asset = ${asset}`,
  ];
}

/**
 * A query for the next `:limit` entries of `:portfolioId` that may move an asset, in ledger order.
 * @param asset an expression; `null`: any entry
 * @param after time and tie, an expression each
 * @param bounded with `:before`, exclusive
 */
export function touching(asset: string | null, after: string, bounded: boolean): string {
  const until = bounded ? 'and time < cast(:before as timestamptz)' : '';
  const branches = (asset === null ? ['true'] : rolesOf(asset)).map(
    (role) =>
      `(select ${LEDGER_COLUMNS} from ledger_entries
        where portfolio_id = :portfolioId and ${role} and (time, tie) > (${after}) ${until}
        order by time, tie limit :limit)`,
  );
  if (asset !== null) branches.push(convertedFrom(asset, after, until));
  return `select * from (${branches.join(' union all ')}) as entries order by time, tie limit :limit`;
}

/** Conversions that yield the asset, and other conversions from it: by an index of their sources. */
function convertedFrom(asset: string, after: string, until: string): string {
  return `(select ${LEDGER_COLUMNS} from ledger_entries where asset <> ${asset} and id in (
      select entry_id from entry_assets
      where portfolio_id = :portfolioId and asset = ${asset} and (time, tie) > (${after}) ${until}
      order by time, tie limit :limit
    ))`;
}

export interface EntryRange {
  /** Entries after this one. A `tie` of `''` is before every entry of its instant. */
  after: { time: number; tie: string } | null;
  /** Epoch milliseconds, exclusive. */
  before?: number | null;
}

/** The next `limit` entries that may move the asset (`null`: any entry), in ledger order, as needed by the fold. */
export async function entriesTouching(
  db: Database,
  portfolioId: string,
  asset: string | null,
  { after, before = null }: EntryRange,
  limit: number,
): Promise<LedgerEntry[]> {
  const { rows }: { rows: LedgerRow[] } = await db.raw(
    touching(asset === null ? null : ':asset', 'cast(:time as timestamptz), :tie', before !== null),
    {
      ...(asset === null ? {} : { asset }),
      ...(before === null ? {} : { before: new Date(before) }),
      portfolioId,
      time: after === null ? '-infinity' : new Date(after.time),
      tie: after?.tie ?? '',
      limit,
    },
  );
  return rows.map(toLedgerEntry);
}

/** While the embedded database reads them, all other statements wait. */
const FOLD_CHUNK = 1_000;

/**
 * Everything that may move the asset (`null`: every entry), in ledger order and in chunks. The next chunk is read while
 * the previous one is processed.
 * @param turns in which the consumer of the chunks runs its own statements on the same connection
 */
export async function* entryChunks(
  db: Database,
  portfolioId: string,
  asset: string | null,
  { after, before = null }: EntryRange,
  turns: Turns = inTurn(),
): AsyncGenerator<LedgerEntry[], void, undefined> {
  const read = (from: EntryRange['after']): Promise<LedgerEntry[]> =>
    turns.run(() => entriesTouching(db, portfolioId, asset, { after: from, before }, FOLD_CHUNK));
  let next: Promise<LedgerEntry[]> | null = read(after);
  try {
    while (next !== null) {
      const entries: LedgerEntry[] = await next;
      const last = entries.at(-1);
      next = last === undefined || entries.length < FOLD_CHUNK ? null : read(last);
      if (last !== undefined) yield entries;
    }
  } finally {
    // The transaction must not end while a query is running.
    await next?.catch(() => undefined);
  }
}
