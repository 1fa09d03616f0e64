import { mapInSlices } from '../../lib/async/time-slice.ts';
import type { Database } from '../connection/database.ts';
import { fixed, type Fixed } from '../../lib/money/money.ts';
import type { StoredTrade } from '../ledger/entries/stored-entry.ts';
import { toEntry } from '../ledger/entries/entry-row.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { decodePlace, encodePlace, listName } from './trade-cursor.ts';
import { SORTED_PARTS, type TradeOrder, type TradePlace } from './trade-order.ts';
import {
  LISTED_COLUMNS,
  type ListedRow,
  placesOf,
  type ReadBounds,
  readPart,
  RESULTS,
} from './trade-part.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

/** A trade with its results, in the base currency; `null` without a rate. */
export interface ListedTrade {
  trade: StoredTrade;
  value: Fixed | null;
  feeValue: Fixed | null;
  /** The gain realised under the portfolio's cost method; `null` if it sold nothing. */
  result: TradeResult | null;
}

export interface TradeResult {
  gross: Fixed | null;
  net: Fixed | null;
  /** The part of what was sold that was not held. */
  uncovered: Fixed;
}

export interface TradeListQuery extends TradeOrder, PageQuery {
  bounds?: ReadBounds;
}

/**
 * A page of the matching trades. The next page continues after it, whatever was booked or removed meanwhile.
 * @throws Problem `invalid-cursor`; RangeError for an invalid symbol
 */
export async function listTrades(
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  { sort, order, limit, cursor, bounds }: TradeListQuery,
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
      bounds,
    });
    const columns = placesOf(sorted);
    found.push(
      ...rows.map((row) => ({ row, place: { part, keys: columns.map((column) => row[column] ?? '') } })),
    );
  }
  const page = pageOf(found, limit, ({ place }) => encodePlace(list, place));
  return { items: await mapInSlices(page.items, ({ row }) => toListed(row)), nextCursor: page.nextCursor };
}

/** The number of matching trades. */
export async function countTrades(db: Database, portfolioId: string, filter: TradeFilter): Promise<number> {
  const row: { count: number } | undefined = await tradeQuery(db, portfolioId, filter).first(
    db.raw('count(*)'),
  );
  return row?.count ?? 0;
}

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
