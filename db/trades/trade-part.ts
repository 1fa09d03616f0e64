import type { Knex } from 'knex';
import type { Database } from '../connection/database.ts';
import { ENTRY_COLUMNS, type EntryRow } from '../ledger/entries/entry-row.ts';
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
import { byIds, bySpans, byTerms, narrowest, type Way } from './trade-ways.ts';

/** How a page of one part of an order is read from as few rows as possible, whatever the filter. */

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

/** Thresholds between the ways of reading. The result does not depend on them. */
export interface ReadBounds {
  /** How many trades are scanned in order before anything else. */
  glance: Reach;
  /** The same if too many would have to be gathered. */
  walk: Reach;
  /** How many trades are gathered and sorted. */
  few: number;
  /** The same for an order that can be scanned for long. */
  fewAlong: number;
}

interface Reach {
  /** Rows along an index that contains everything `wherePlain` uses. */
  along: number;
  /** Trades that are looked up in order of time. */
  inStore: number;
  /** Trades that are looked up where they are scattered. */
  scattered: number;
}

const BOUNDS: ReadBounds = {
  glance: { along: 40_000, inStore: 4_000, scattered: 1_000 },
  walk: { along: 90_000, inStore: 4_000, scattered: 6_000 },
  few: 20_000,
  fewAlong: 5_000,
};

/** The columns that conditions and orders use. */
const LOOKED_AT =
  'e.time, e.tie, e.symbol, e.base, e.quote, e.side, e.order_type, e.exchange, e.order_id, e.tags, e.search';

/**
 * Either many trades match, and there are enough of them among the next few thousand; or few do, and an index gathers
 * all of them to be sorted. Neither is slow, and nothing depends on an estimate where estimates are wrong: the planner
 * does not know how many trades contain a term, and would search for them among all trades of the portfolio.
 */
export async function readPart(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  part: PartQuery,
): Promise<ListedRow[]> {
  const { sorted, limit, bounds = BOUNDS } = part;
  const isServed = sorted.along === undefined || !hasPlain(filter);
  if (!hasTerms(filter) && isServed) {
    const next = inOrder(db, portfolioId, part);
    wherePlain(next, filter);
    return await details(db, next.limit(limit), part);
  }
  const walked = async (reach: Reach): Promise<ListedRow[]> => {
    const rows = walk(db, portfolioId, filter, part, reach);
    whereTraits(rows, portfolioId, filter);
    return await details(db, inPlace(rows, part).limit(limit), part);
  };
  const [spans, terms] = [bySpans(portfolioId, filter), byTerms(portfolioId, filter)];
  // A short scan in order of time is cheaper than counting.
  const isQuick = sorted.along === undefined;
  const few = isQuick ? bounds.few : bounds.fewAlong;
  const own = (await sorted.onlyFrom?.(db, portfolioId, filter, few + 1)) ?? null;
  if (own?.length === 0) return [];
  const late = isQuick ? [spans, terms] : [terms];
  let way = own !== null && own.length <= few ? byIds(own) : await narrowest(db, isQuick ? [] : [spans], few);
  if (way === null) {
    // One order has few fills.
    const isWalked = filter.orderId === undefined;
    const glanced = isWalked ? await walked(bounds.glance) : [];
    if (glanced.length === limit) return glanced;
    // The result of the short scan tells whether a longer one will find enough; if so, it comes before counting.
    const isLikely = glanced.length > limit / 4;
    if (!isLikely) way = await narrowest(db, late, few);
    if (way === null && isWalked && sorted.isScattered) {
      const rows = await walked(bounds.walk);
      if (rows.length === limit) return rows;
    }
    if (isLikely) way = await narrowest(db, late, few);
  }
  const fitting = fittingTrades(db, portfolioId, filter, way);
  narrowTo(fitting, sorted, part.order, part.after);
  const gathered = db.withMaterialized('gathered', withKeys(db, fitting, sorted)).from('gathered');
  return await details(db, inPlace(gathered, part).limit(limit), part);
}

/** All trades of a part, in order. */
function inOrder(db: Database, portfolioId: string, part: PartQuery): Knex.QueryBuilder {
  const { sorted, order, after } = part;
  const query = sorted.along?.(db, portfolioId, (rows) => rows) ?? ownTrades(db, portfolioId);
  if (sorted.along === undefined) narrowTo(query, sorted, order, after);
  else continueFrom(query, sorted, order, after);
  return sortBy(withKeys(db, query, sorted), sorted, order);
}

/** The next trades in order, as `e`, restricted to those that match except for traits. */
function walk(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  part: PartQuery,
  { along, inStore, scattered }: Reach,
): Knex.QueryBuilder {
  const { sorted, order, after, limit } = part;
  const isPlain = sorted.isPlain === true;
  // What is known to match need not be looked up.
  const count = isPlain && !hasTerms(filter) ? limit : sorted.isScattered ? scattered : inStore;
  if (sorted.along === undefined) {
    const next = inOrder(db, portfolioId, part).select(db.raw(LOOKED_AT));
    wherePlain(next, filter);
    return db.with('walked', firstOf(db, next, count)).from('walked as e');
  }
  const next = sorted.along(db, portfolioId, (rows) => {
    continueFrom(rows, sorted, order, after);
    const ordered = sortBy(rows, sorted, order);
    if (!isPlain || !hasPlain(filter)) return firstOf(db, ordered, count);
    const fitting = db.from(db.raw('? as r', [firstOf(db, ordered, along)]));
    wherePlain(fitting, filter, 'r');
    return firstOf(db, sortBy(fitting, sorted, order), count);
  });
  const walked = db.with('walked', withKeys(db, next, sorted).select(db.raw(LOOKED_AT))).from('walked as e');
  wherePlain(walked, filter);
  return walked;
}

/**
 * The first rows of a query. A known limit might exceed the planner's estimate, and it would then sort all rows; a
 * limit that it does not know makes it use the index.
 */
function firstOf(db: Database, rows: Knex.QueryBuilder, count: number): Knex.Raw {
  return db.raw('(? limit (select ?::bigint))', [rows, count]);
}

/** All matching trades, as `e`: among the few that one way gathers, or however the planner finds them. */
function fittingTrades(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  way: Way | null,
): Knex.QueryBuilder {
  let query: Knex.QueryBuilder;
  if (way === null) {
    query = ownTrades(db, portfolioId);
    whereTerms(query, portfolioId, filter);
  } else {
    const few = db('ledger_entries as e');
    way.where(few);
    few.select(db.raw(`e.id, e.portfolio_id, e.kind, e.value, e.fee_value, ${LOOKED_AT}`));
    query = db
      .withMaterialized('few', few)
      .from('few as e')
      .where({ 'e.portfolio_id': portfolioId, 'e.kind': 'trade' });
  }
  wherePlain(query, filter);
  whereTraits(query, portfolioId, filter);
  return query;
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

/** The names of the keys in a query of a part. */
export function placesOf({ keys }: SortedPart): `k${number}`[] {
  return keys.map((_, index) => `k${index}` as const);
}

/** For rows that already have their keys. */
function inPlace(query: Knex.QueryBuilder, { sorted, order }: PartQuery): Knex.QueryBuilder {
  const places = placesOf(sorted);
  return query.select(['entry', ...places]).orderBy(places.map((column) => ({ column, order })));
}

/** The complete rows of a page, given `entry` and its keys. */
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
