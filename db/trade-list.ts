import type { Knex } from 'knex';
import type { Database } from './database.ts';
import { fixed, type Fixed } from '../lib/money.ts';
import type { StoredTrade } from './entry.ts';
import { ENTRY_COLUMNS, toEntry, type EntryRow } from './entry-row.ts';
import { pageOf, type Page, type PageQuery } from './page.ts';
import { decodePlace, encodePlace, listName } from './trade-cursor.ts';
import { narrowTo, SORTED_PARTS, type SortedPart, type TradeOrder, type TradePlace } from './trade-order.ts';
import {
  hasTerms,
  plainQuery,
  tradeQuery,
  whereTerms,
  whereTraits,
  type TradeFilter,
} from './trade-query.ts';

/** A trade with what follows from it, in base currency; `null` for want of a rate. */
export interface ListedTrade {
  trade: StoredTrade;
  value: Fixed | null;
  feeValue: Fixed | null;
  /** What it realised under the portfolio's cost method; `null` if it sold nothing. */
  result: TradeResult | null;
}

export interface TradeResult {
  gross: Fixed | null;
  net: Fixed | null;
  /** Part of what was sold that was not held. */
  uncovered: Fixed;
}

export interface TradeListQuery extends TradeOrder, PageQuery {}

interface ListedRow extends EntryRow {
  value: string | null;
  fee_value: string | null;
  result_id: string | null;
  gross: string | null;
  net: string | null;
  uncovered: string;
  /** Its sort keys. */
  [key: `k${number}`]: string | number;
}

/**
 * A page of the trades that fit. Whoever asks for the next one gets what comes behind it, whatever was booked or removed
 * meanwhile.
 * @throws Problem `invalid-cursor`; RangeError for a symbol that is none
 */
export async function listTrades(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  { sort, order, limit, cursor }: TradeListQuery,
): Promise<Page<ListedTrade>> {
  const list = listName(portfolioId, filter, { sort, order });
  const start: TradePlace | null = cursor ? decodePlace(cursor, list, sort) : null;
  const found: { row: ListedRow; place: TradePlace }[] = [];
  for (const [part, sorted] of SORTED_PARTS[sort].entries()) {
    if (part < (start?.part ?? 0) || found.length > limit) continue;
    const after = part === start?.part ? start.keys : null;
    const rows = await readPart(db, portfolioId, filter, {
      sorted,
      order,
      after,
      limit: limit + 1 - found.length,
    });
    const columns = placesOf(sorted);
    found.push(
      ...rows.map((row) => ({ row, place: { part, keys: columns.map((column) => row[column] ?? '') } })),
    );
  }
  const page = pageOf(found, limit, ({ place }) => encodePlace(list, place));
  return { items: page.items.map(({ row }) => toListed(row)), nextCursor: page.nextCursor };
}

/** How many trades fit. */
export async function countTrades(db: Database, portfolioId: string, filter: TradeFilter): Promise<number> {
  const row: { count: number } | undefined = await tradeQuery(db, portfolioId, filter).first(
    db.raw('count(*)'),
  );
  return row?.count ?? 0;
}

interface PartQuery {
  sorted: SortedPart;
  order: 'asc' | 'desc';
  after: TradePlace['keys'] | null;
  limit: number;
}

/** Rows that are looked through, in order, for a term before its index is asked for all that have it. */
const WALK = 4_000;

/**
 * Either many trades have a term: then enough of them are among the next few thousand. Or few have: then the index
 * gathers all of them, and they are sorted. Neither is slow, and nothing rests on an estimate.
 */
async function readPart(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  part: PartQuery,
): Promise<ListedRow[]> {
  const { sorted, order, after, limit } = part;
  const columns = sorted.keys.map(({ column }, index) => `${column} as k${index}`).join(', ');
  const fitting = plainQuery(db, portfolioId, filter).select(db.raw(`e.id as entry, ${columns}`));
  narrowTo(fitting, sorted, order, after);
  if (!hasTerms(filter)) {
    return await details(db, sortBy(fitting, sorted, order).limit(limit), part);
  }
  // One order has few fills.
  if (filter.orderId === undefined) {
    const next = sortBy(fitting.clone(), sorted, order).select(db.raw(TRAIT_COLUMNS)).limit(WALK);
    const walked = db.with('walked', next).from('walked');
    whereTraits(walked, portfolioId, filter);
    const rows = await details(db, inPlace(walked, sorted, order).limit(limit), part);
    if (rows.length === limit) return rows;
  }
  whereTraits(fitting, portfolioId, filter);
  whereTerms(fitting, portfolioId, filter);
  const gathered = db.withMaterialized('gathered', fitting).from('gathered');
  return await details(db, inPlace(gathered, sorted, order).limit(limit), part);
}

const TRAIT_COLUMNS = 'order_type, exchange, order_id, tags, search';

export function sortBy(
  query: Knex.QueryBuilder,
  { keys }: SortedPart,
  order: 'asc' | 'desc',
): Knex.QueryBuilder {
  for (const { column } of keys) void query.orderByRaw(`${column} ${order}`);
  return query;
}

/** Names of the keys in a query of a part. */
function placesOf({ keys }: SortedPart): `k${number}`[] {
  return keys.map((_, index) => `k${index}` as const);
}

/** Of rows that have their keys already. */
function inPlace(query: Knex.QueryBuilder, sorted: SortedPart, order: 'asc' | 'desc'): Knex.QueryBuilder {
  const places = placesOf(sorted);
  return query.select(['entry', ...places]).orderBy(places.map((column) => ({ column, order })));
}

/** The whole of the rows of a page, of which there are `entry` and keys. */
async function details(
  db: Database,
  page: Knex.QueryBuilder,
  { sorted, order }: PartQuery,
): Promise<ListedRow[]> {
  const places = placesOf(sorted);
  const query = db
    .with('page', page)
    .from('page')
    .join('ledger_entries as e', 'e.id', 'page.entry')
    .joinRaw(RESULTS)
    .select(db.raw(LISTED_COLUMNS))
    .select(places)
    .orderBy(places.map((column) => ({ column, order })));
  return (await query) as ListedRow[];
}

const RESULTS =
  'left join (select entry_id as result_id, gross, net, uncovered from trade_results) as r on result_id = e.id';
const LISTED_COLUMNS = `${ENTRY_COLUMNS}, value, fee_value, result_id, gross, net, uncovered`;

/** `null` if there is no such trade. */
export async function getListedTrade(
  db: Database,
  portfolioId: string,
  id: string,
): Promise<ListedTrade | null> {
  const row: ListedRow | undefined = await db('ledger_entries as e')
    .joinRaw(RESULTS)
    .where({ portfolio_id: portfolioId, kind: 'trade', id })
    .first(db.raw(LISTED_COLUMNS));
  return row === undefined ? null : toListed(row);
}

function toListed(row: ListedRow): ListedTrade {
  const trade = toEntry(row);
  if (trade.kind !== 'trade') throw new TypeError('a list of trades with something else in it');
  const { gross, net, uncovered } = row;
  const known = (text: string | null): Fixed | null => (text === null ? null : fixed(text));
  return {
    trade,
    value: known(row.value),
    feeValue: known(row.fee_value),
    result:
      row.result_id === null ? null : { gross: known(gross), net: known(net), uncovered: fixed(uncovered) },
  };
}
