import type { Knex } from 'knex';
import type { Database } from './database.ts';
import { ENTRY_COLUMNS, type EntryRow } from './entry-row.ts';
import { continueFrom, narrowTo, type SortedPart, type TradePlace } from './trade-order.ts';
import {
  hasPlain,
  hasTerms,
  ownTrades,
  type TradeFilter,
  wherePlain,
  whereTerms,
  whereTraits,
} from './trade-query.ts';

/** How a page of one part of an order is read, whatever is asked for, from as few rows as can be. */

export interface ListedRow extends EntryRow {
  value: string | null;
  fee_value: string | null;
  result_id: string | null;
  gross: string | null;
  net: string | null;
  uncovered: string;
  /** Its sort keys. */
  [key: `k${number}`]: string | number;
}

interface PartQuery {
  sorted: SortedPart;
  order: 'asc' | 'desc';
  after: TradePlace['keys'] | null;
  limit: number;
  bounds?: ReadBounds | undefined;
}

/** Where one way of reading ends and another begins. What is read does not depend on it. */
export interface ReadBounds {
  /** Rows that are looked through, in order, before an index is asked for all that fit. */
  walk: number;
  /** The same along an order that is kept in another table: other ways are longer there. */
  walkAlong: number;
  /** So many rows that have a term are gathered by the index of terms alone. */
  few: number;
}

const BOUNDS: ReadBounds = { walk: 4_000, walkAlong: 6_000, few: 20_000 };

/** What conditions and orders look at. */
const LOOKED_AT =
  'e.time, e.tie, e.symbol, e.base, e.quote, e.side, e.order_type, e.exchange, e.order_id, e.tags, e.search';

/**
 * Either many trades fit: then enough of them are among the next few thousand. Or few do: then an index gathers all of
 * them, and they are sorted. Neither is slow, and nothing rests on an estimate where estimates are wrong: how many have
 * a term is not known to the planner, and it would look for them among all trades of the portfolio.
 */
export async function readPart(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  part: PartQuery,
): Promise<ListedRow[]> {
  const { sorted, limit } = part;
  const isServed = sorted.along === undefined || !hasPlain(filter);
  if (!hasTerms(filter) && isServed) {
    const next = inOrder(db, portfolioId, part);
    wherePlain(next, filter);
    return await details(db, next.limit(limit), part);
  }
  // One order has few fills.
  if (filter.orderId === undefined) {
    const walked = walk(db, portfolioId, filter, part);
    whereTraits(walked, portfolioId, filter);
    const rows = await details(db, inPlace(walked, part).limit(limit), part);
    if (rows.length === limit) return rows;
  }
  const haveTerms = await countTerms(db, portfolioId, filter, part.bounds ?? BOUNDS);
  const fitting = fittingTrades(db, portfolioId, filter, haveTerms);
  narrowTo(fitting, sorted, part.order, part.after);
  const gathered = db.withMaterialized('gathered', withKeys(db, fitting, sorted)).from('gathered');
  return await details(db, inPlace(gathered, part).limit(limit), part);
}

/** All of a part, in order. */
function inOrder(db: Database, portfolioId: string, part: PartQuery): Knex.QueryBuilder {
  const { sorted, order, after } = part;
  const query = sorted.along?.(db, portfolioId, (rows) => rows) ?? ownTrades(db, portfolioId);
  if (sorted.along === undefined) narrowTo(query, sorted, order, after);
  else continueFrom(query, sorted, order, after);
  return sortBy(withKeys(db, query, sorted), sorted, order);
}

/** The next few thousand in order, as `e`, of which those are left that fit but for traits. */
function walk(db: Database, portfolioId: string, filter: TradeFilter, part: PartQuery): Knex.QueryBuilder {
  const { sorted, order, after, bounds = BOUNDS } = part;
  if (sorted.along === undefined) {
    const next = inOrder(db, portfolioId, part).select(db.raw(LOOKED_AT));
    wherePlain(next, filter);
    return db.with('walked', firstOf(db, next, bounds.walk)).from('walked as e');
  }
  const next = sorted.along(db, portfolioId, (rows) => {
    continueFrom(rows, sorted, order, after);
    return firstOf(db, sortBy(rows, sorted, order), bounds.walkAlong);
  });
  const walked = db.with('walked', withKeys(db, next, sorted).select(db.raw(LOOKED_AT))).from('walked as e');
  wherePlain(walked, filter);
  return walked;
}

/**
 * The first rows of a query. So many may be more than the planner thinks that there are, and it would sort them all; a
 * limit that it does not know has it go along the index.
 */
function firstOf(db: Database, rows: Knex.QueryBuilder, count: number): Knex.Raw {
  return db.raw('(? limit (select ?::bigint))', [rows, count]);
}

/** All trades that fit, as `e`: of those that have a term, if they are few, or whichever way the planner finds. */
function fittingTrades(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  haveTerms: 'few' | 'many' | 'any',
): Knex.QueryBuilder {
  let query = ownTrades(db, portfolioId);
  if (haveTerms === 'many') whereTerms(query, portfolioId, filter);
  if (haveTerms === 'few') {
    const having = tradesWithTerms(db, portfolioId, filter).select(
      db.raw(`e.id, e.portfolio_id, e.value, e.fee_value, ${LOOKED_AT}`),
    );
    query = db
      .withMaterialized('having', having)
      .from('having as e')
      .where({ 'e.portfolio_id': portfolioId });
  }
  wherePlain(query, filter);
  whereTraits(query, portfolioId, filter);
  return query;
}

function tradesWithTerms(db: Database, portfolioId: string, filter: TradeFilter): Knex.QueryBuilder {
  const query = db('ledger_entries as e').where({ 'e.kind': 'trade' });
  whereTerms(query, portfolioId, filter);
  return query;
}

/** How many trades have the terms of a filter; `any` if it has none. */
async function countTerms(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  { few }: ReadBounds,
): Promise<'few' | 'many' | 'any'> {
  if (!hasTerms(filter)) return 'any';
  const some = tradesWithTerms(db, portfolioId, filter)
    .select(db.raw('1'))
    .limit(few + 1);
  const [row]: { count: number }[] = await db.from(some.as('some')).select(db.raw('count(*)'));
  return (row?.count ?? 0) > few ? 'many' : 'few';
}

function withKeys(db: Database, query: Knex.QueryBuilder, { keys }: SortedPart): Knex.QueryBuilder {
  const columns = keys.map(({ column }, index) => `${column} as k${index}`).join(', ');
  return query.select(db.raw(`e.id as entry, ${columns}`));
}

export function sortBy(
  query: Knex.QueryBuilder,
  { keys }: SortedPart,
  order: 'asc' | 'desc',
): Knex.QueryBuilder {
  for (const { column } of keys) void query.orderByRaw(`${column} ${order}`);
  return query;
}

/** Names of the keys in a query of a part. */
export function placesOf({ keys }: SortedPart): `k${number}`[] {
  return keys.map((_, index) => `k${index}` as const);
}

/** Of rows that have their keys already. */
function inPlace(query: Knex.QueryBuilder, { sorted, order }: PartQuery): Knex.QueryBuilder {
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

export const RESULTS =
  'left join (select entry_id as result_id, gross, net, uncovered from trade_results) as r on result_id = e.id';
export const LISTED_COLUMNS = `${ENTRY_COLUMNS}, value, fee_value, result_id, gross, net, uncovered`;
