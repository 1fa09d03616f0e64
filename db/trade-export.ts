import type { Database } from './database.ts';
import { ENTRY_COLUMNS } from './entry-row.ts';
import { PAGE_LIMIT, type Page } from './page.ts';
import { type ListedRow, type ListedTrade, listTrades, sortBy, toListed } from './trade-list.ts';
import { narrowTo, SORTED_PARTS, type TradeOrder } from './trade-order.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

/**
 * All trades that fit, in order and in pieces, so that memory does not grow with their number. Whoever stops early must
 * say so (`return`), as `for await` does.
 * @throws RangeError for a symbol that is none
 */
export type TradeReader = (
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  order: TradeOrder,
) => AsyncGenerator<ListedTrade[], void, undefined>;

const COLUMNS = [
  ...ENTRY_COLUMNS.split(', ').map((column) => `e.${column}`),
  'e.value, e.fee_value, result.entry_id as result_id, result.gross, result.net, result.uncovered',
].join(', ');

/**
 * By a cursor of the database, in one snapshot: what is booked meanwhile is not seen. It holds a connection until it has
 * ended, so whoever reads slowly must be bounded. Each piece is a statement of its own, to which the time limit of
 * statements applies; a portal that stays open over many of them (pg-query-stream) would be cut by it as a whole.
 */
export const tradesByCursor: TradeReader = async function* (db, portfolioId, filter, { sort, order }) {
  const trx = await db.transaction({ isolationLevel: 'repeatable read', readOnly: true });
  try {
    for (const sorted of SORTED_PARTS[sort]) {
      const query = tradeQuery(trx, portfolioId, filter);
      narrowTo(query, sorted, order, null);
      sortBy(query, sorted, order)
        .joinRaw('left join trade_results as result on result.entry_id = e.id')
        .select(trx.raw(COLUMNS));
      await trx.raw('declare exported no scroll cursor for ?', [query]);
      for (;;) {
        const { rows }: { rows: ListedRow[] } = await trx.raw(`fetch ${PAGE_LIMIT} from exported`);
        if (rows.length > 0) yield rows.map(toListed);
        if (rows.length < PAGE_LIMIT) break;
      }
      await trx.raw('close exported');
    }
  } finally {
    await trx.rollback();
  }
};

/**
 * Page by page, with no connection held in between: for a database that has only one. What is booked meanwhile is seen
 * if it lies ahead.
 */
export const tradesByPages: TradeReader = async function* (db, portfolioId, filter, order) {
  let cursor: string | null = null;
  do {
    const page: Page<ListedTrade> = await listTrades(db, portfolioId, filter, {
      ...order,
      limit: PAGE_LIMIT,
      cursor,
    });
    if (page.items.length > 0) yield page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
};
