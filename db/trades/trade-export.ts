import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import { PAGE_LIMIT, type Page } from '../connection/list-page.ts';
import { type ListedTrade, listTrades } from './trade-list.ts';
import { narrowTo, SORTED_PARTS, type TradeOrder } from './trade-order.ts';
import { sortBy } from './trade-part.ts';
import { tradeQuery, type TradeFilter } from './trade-query.ts';

/** A trade as written to a file: decimals as strings, without exponents, and times as epoch milliseconds. */
export interface ExportedTrade {
  id: string;
  time: number;
  /** `''` if not stated. */
  exchange: string;
  base: string;
  quote: string;
  side: string;
  type: string | null;
  quantity: string;
  price: string;
  fee: string | null;
  fee_currency: string | null;
  external_id: string | null;
  order_id: string | null;
  note: string | null;
  tags: string[];
  sequence: string | null;
  value: string | null;
  fee_value: string | null;
  gross: string | null;
  net: string | null;
  created_at: number;
  updated_at: number;
}

/**
 * All matching trades, in order and in chunks, so that memory use does not grow with their number. A caller that stops
 * early must call `return`, as `for await` does.
 * @throws RangeError for an invalid symbol
 */
export type TradeReader = (
  db: Database,
  portfolioId: string,
  filter: TradeFilter,
  order: TradeOrder,
) => AsyncGenerator<ExportedTrade[], void, undefined>;

/** How long a reader may take nothing. */
const READER_SILENCE_MS = 60_000;

/** Rows per fetch: larger chunks are no faster, and more of them survive a garbage collection. */
const PIECE = 300;

/** The database formats the digits as `decimal` does: no exponent, no trailing zeros. */
const COLUMNS = `e.id, e.time, e.exchange, e.base, e.quote, e.side, e.order_type as type,
  trim_scale(e.quantity) as quantity, trim_scale(e.price) as price,
  trim_scale(e.fee_amount) as fee, e.fee_currency, e.external_id, e.order_id, e.note, e.tags, e.sequence::text as sequence,
  trim_scale(e.value) as value, trim_scale(e.fee_value) as fee_value,
  trim_scale(result.gross) as gross, trim_scale(result.net) as net, e.created_at, e.updated_at`;

/**
 * Uses a database cursor in one snapshot, so that entries booked meanwhile are not seen. It holds a connection until
 * the end, so slow readers must be bounded. Each chunk is a separate statement with the statement time limit of its
 * own; a portal that stays open across them (pg-query-stream) would be cancelled as a whole.
 */
export const tradesByCursor: TradeReader = async function* (db, portfolioId, filter, { sort, order }) {
  const trx = await db.transaction({ isolationLevel: 'repeatable read', readOnly: true });
  try {
    await allowTime(trx, LONG_WORK_MS);
    // It holds no locks, and a slow reader may leave it waiting between two chunks.
    await trx.raw(`set local idle_in_transaction_session_timeout = ${READER_SILENCE_MS}`);
    for (const sorted of SORTED_PARTS[sort]) {
      const query = tradeQuery(trx, portfolioId, filter);
      narrowTo(query, sorted, order, null);
      sortBy(query, sorted, order)
        .joinRaw('left join trade_results as result on result.entry_id = e.id')
        .select(trx.raw(COLUMNS));
      await trx.raw('declare exported no scroll cursor for ?', [query]);
      for (;;) {
        const { rows }: { rows: ExportedTrade[] } = await trx.raw(`fetch ${PIECE} from exported`);
        if (rows.length > 0) yield rows;
        if (rows.length < PIECE) break;
      }
      await trx.raw('close exported');
    }
  } finally {
    await trx.rollback();
  }
};

/**
 * Page by page, holding no connection in between, for a database that has only one. An entry booked meanwhile is seen
 * if it comes later in the order.
 */
export const tradesByPages: TradeReader = async function* (db, portfolioId, filter, order) {
  let cursor: string | null = null;
  do {
    const page: Page<ListedTrade> = await listTrades(db, portfolioId, filter, {
      ...order,
      limit: PAGE_LIMIT,
      cursor,
    });
    if (page.items.length > 0) yield page.items.map(exported);
    cursor = page.nextCursor;
  } while (cursor !== null);
};

function exported({ trade, value, feeValue, result }: ListedTrade): ExportedTrade {
  return {
    id: trade.id,
    time: trade.time,
    exchange: trade.exchange,
    base: trade.base,
    quote: trade.quote,
    side: trade.side,
    type: trade.orderType,
    quantity: decimal(trade.quantity),
    price: decimal(trade.price),
    fee: decimalOrNull(trade.fee?.amount ?? null),
    fee_currency: trade.fee?.currency ?? null,
    external_id: trade.externalId,
    order_id: trade.orderId,
    note: trade.note,
    tags: trade.tags,
    sequence: trade.sequence?.toString() ?? null,
    value: decimalOrNull(value),
    fee_value: decimalOrNull(feeValue),
    gross: decimalOrNull(result?.gross ?? null),
    net: decimalOrNull(result?.net ?? null),
    created_at: trade.createdAt,
    updated_at: trade.updatedAt,
  };
}
