import type { Knex } from 'knex';
import { splitSymbol } from '../lib/symbol.ts';
import type { Database } from './database.ts';

/** Trades for which all of it holds; what is `undefined` does not matter. */
export interface TradeFilter {
  /** Epoch milliseconds, inclusive. */
  from?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  to?: number | undefined;
  /** One of these, `BTC/KRW`. */
  symbols?: readonly string[] | undefined;
  /** Bought, sold, or paid with. */
  asset?: string | undefined;
  side?: 'buy' | 'sell' | undefined;
  orderType?: string | undefined;
  exchange?: string | undefined;
  orderId?: string | undefined;
  /** One of the trade's tags. */
  tag?: string | undefined;
}

/** The rows of `ledger_entries` that fit, without columns, order and limit. @throws RangeError for a symbol that is none */
export function tradeQuery(
  db: Database,
  portfolioId: string,
  { from, to, symbols, asset, side, orderType, exchange, orderId, tag }: TradeFilter,
): Knex.QueryBuilder {
  const query = db('ledger_entries').where({ portfolio_id: portfolioId, kind: 'trade' });
  if (from !== undefined) void query.where('time', '>=', new Date(from));
  if (to !== undefined) void query.where('time', '<', new Date(to));
  if (symbols !== undefined) {
    const pairs = symbols.map(splitSymbol).map(({ base, quote }) => [base, quote]);
    void query.whereIn(['base', 'quote'], pairs);
  }
  if (asset !== undefined) {
    void query.where((either) => void either.where('base', asset).orWhere('quote', asset));
  }
  if (side !== undefined) void query.where('side', side);
  if (orderType !== undefined) void query.where('order_type', orderType);
  if (exchange !== undefined) void query.where('exchange', exchange);
  if (orderId !== undefined) void query.where('order_id', orderId);
  if (tag !== undefined) void query.whereRaw('tags @> array[?::text]', [tag]);
  return query;
}
