import type { Knex } from 'knex';
import { splitSymbol } from '../../lib/symbol.ts';
import type { Database } from '../connection/database.ts';
import { wantedTerms } from '../ledger/entries/trade-terms.ts';

/** Selects the trades that meet every condition; `undefined` means any. */
export interface TradeFilter {
  /** Epoch milliseconds, inclusive. */
  from?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  to?: number | undefined;
  /** One of these, such as `BTC/KRW`. */
  symbols?: readonly string[] | undefined;
  /** Bought, sold or paid with. */
  asset?: string | undefined;
  side?: 'buy' | 'sell' | undefined;
  orderType?: string | undefined;
  exchange?: string | undefined;
  orderId?: string | undefined;
  /** One of the trade's tags. */
  tag?: string | undefined;
  /** Words that all occur in its symbol, note, order id or external id. */
  text?: string | undefined;
}

type Query = Knex.QueryBuilder;

/**
 * The matching rows of `ledger_entries as e`, without columns, order and limit.
 * @throws RangeError for an invalid symbol
 */
export function tradeQuery(db: Database, portfolioId: string, filter: TradeFilter): Query {
  const query = ownTrades(db, portfolioId);
  wherePlain(query, filter);
  whereTraits(query, portfolioId, filter);
  whereTerms(query, portfolioId, filter);
  return query;
}

/** The trades of a portfolio, as `e`. */
export function ownTrades(db: Database, portfolioId: string): Query {
  return db('ledger_entries as e').where({ 'e.portfolio_id': portfolioId, 'e.kind': 'trade' });
}

/**
 * Conditions that ordered indexes support, and those that are cheap to check while scanning one.
 * @param of `e` for entries, `r` for results, which contain the same columns
 */
export function wherePlain(
  query: Query,
  { from, to, symbols, asset, side }: TradeFilter,
  of: 'e' | 'r' = 'e',
): void {
  if (from !== undefined) void query.where(`${of}.time`, '>=', new Date(from));
  if (to !== undefined) void query.where(`${of}.time`, '<', new Date(to));
  if (symbols !== undefined) {
    for (const symbol of symbols) splitSymbol(symbol);
    const symbol = of === 'e' ? 'e.symbol collate "C"' : "r.base || '/' || r.quote";
    // The index of symbols is sorted by time only within one of them.
    if (symbols.length === 1) void query.whereRaw(`${symbol} = ?`, [...symbols]);
    else void query.whereRaw(`${symbol} = any(?::text[])`, [[...symbols]]);
  }
  if (asset !== undefined) {
    void query.where((either) => void either.where(`${of}.base`, asset).orWhere(`${of}.quote`, asset));
  }
  if (side !== undefined) void query.where(`${of}.side`, side);
}

/** Conditions that only the index of terms supports, exactly, but on the columns themselves. */
export function whereTraits(query: Query, portfolioId: string, filter: TradeFilter): void {
  const { orderType, exchange, orderId, tag, text } = filter;
  if (orderType !== undefined) void query.where('order_type', orderType);
  if (exchange !== undefined) void query.where('exchange', exchange);
  if (orderId !== undefined) void query.where('order_id', orderId);
  if (tag !== undefined) void query.whereRaw('tags @> array[?::text]', [tag]);
  for (const needle of wantedTerms(portfolioId, text, {}).needles) {
    void query.whereRaw('strpos(search, ?) > 0', [needle]);
  }
}

/** The same on the index: all matches, and possibly some more. */
export function whereTerms(query: Query, portfolioId: string, filter: TradeFilter): void {
  const { orderType, exchange, orderId, tag, text } = filter;
  const { terms } = wantedTerms(portfolioId, text, { orderType, exchange, orderId, tag });
  if (terms.length > 0) void query.whereRaw('terms @> ?::integer[]', [terms]);
}

/** Whether the index of terms helps. */
export function hasTerms({ orderType, exchange, orderId, tag, text }: TradeFilter): boolean {
  return [orderType, exchange, orderId, tag, text].some((value) => value !== undefined);
}

export function hasPlain({ from, to, symbols, asset, side }: TradeFilter): boolean {
  return [from, to, symbols, asset, side].some((value) => value !== undefined);
}
