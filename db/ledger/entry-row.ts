import { decimal, decimalOrNull, fixed, type Fixed } from '../../lib/money/money.ts';
import type { LedgerEntry } from '../../lib/pnl/ledger/entry.ts';
import { exchangeOf } from '../../lib/pnl/ledger/exchange.ts';
import { NO_ORIGINS, type RateOrigins } from '../../lib/pnl/ledger/rate-origin.ts';
import type { StoredEntry } from './stored-entry.ts';
import { searchColumns } from './trade-terms.ts';

/** A row of `ledger_entries` as read: NUMERIC as text, TIMESTAMPTZ as epoch milliseconds. */
export interface EntryRow {
  id: string;
  portfolio_id: string;
  kind: StoredEntry['kind'];
  exchange: string;
  external_id: string | null;
  time: number;
  tie: string;
  base: string | null;
  quote: string | null;
  side: 'buy' | 'sell' | null;
  quantity: string;
  price: string | null;
  fee_amount: string | null;
  fee_currency: string | null;
  asset: string | null;
  unit_cost: string | null;
  unit_value: string | null;
  quote_rate: string | null;
  fee_rate: string | null;
  order_id: string | null;
  order_type: string | null;
  note: string | null;
  tags: string[];
  sequence: number | null;
  rates: RateOrigins | null;
  created_at: number;
  updated_at: number;
}

/** What is written, and of which type it is in SQL. */
const WRITTEN = {
  id: 'uuid',
  portfolio_id: 'uuid',
  kind: 'text',
  exchange: 'text',
  external_id: 'text',
  time: 'timestamptz',
  tie: 'text',
  base: 'text',
  quote: 'text',
  side: 'text',
  quantity: 'numeric',
  price: 'numeric',
  fee_amount: 'numeric',
  fee_currency: 'text',
  asset: 'text',
  unit_cost: 'numeric',
  unit_value: 'numeric',
  quote_rate: 'numeric',
  fee_rate: 'numeric',
  order_id: 'text',
  order_type: 'text',
  note: 'text',
  tags: 'text[]',
  sequence: 'bigint',
  rates: 'json',
  pending_rate: 'boolean',
  value: 'numeric',
  fee_value: 'numeric',
  search: 'text',
  terms: 'integer[]',
  content_hash: 'text',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
} as const;

/** Written only: what lists are sorted by and searched, and the key's content. */
const UNREAD = ['pending_rate', 'value', 'fee_value', 'search', 'terms', 'content_hash'];

export const ENTRY_COLUMNS = Object.keys(WRITTEN)
  .filter((column) => !UNREAD.includes(column))
  .join(', ');

/** `columns` and a source of rows in one parameter, however many: a JSON array, which keeps NUMERIC text exact. */
export const ENTRY_RECORDSET = {
  columns: Object.keys(WRITTEN).join(', '),
  source: `json_to_recordset(?::json) as entry (${Object.entries(WRITTEN)
    .map(([column, type]) => `${column} ${type}`)
    .join(', ')})`,
};

/** @param terms of the portfolio: figures are in its base currency */
export function toRow(
  entry: StoredEntry,
  contentHash: string,
  terms: { baseCurrency: string },
): Record<keyof typeof WRITTEN, unknown> {
  const trade = entry.kind === 'trade' ? entry : null;
  const exchange = trade && exchangeOf(trade, terms);
  const found = trade && searchColumns(entry.portfolioId, trade);
  const transfer = entry.kind === 'trade' ? null : entry;
  const origins = Object.values(entry.origins ?? NO_ORIGINS);
  const hasOrigins = origins.length > 0;
  return {
    id: entry.id,
    portfolio_id: entry.portfolioId,
    kind: entry.kind,
    exchange: entry.exchange,
    external_id: entry.externalId,
    time: new Date(entry.time),
    tie: entry.tie,
    base: trade?.base ?? null,
    quote: trade?.quote ?? null,
    side: trade?.side ?? null,
    quantity: decimal(entry.quantity),
    price: trade && decimal(trade.price),
    fee_amount: trade?.fee ? decimal(trade.fee.amount) : null,
    fee_currency: trade?.fee?.currency ?? null,
    asset: transfer?.asset ?? null,
    unit_cost: transfer && decimalOrNull(transfer.unitCost),
    unit_value: transfer && decimalOrNull(transfer.unitValue),
    quote_rate: trade && decimalOrNull(trade.quoteRate),
    fee_rate: trade && decimalOrNull(trade.feeRate),
    order_id: entry.orderId,
    order_type: trade?.orderType ?? null,
    note: entry.note,
    tags: entry.tags,
    sequence: trade?.sequence ?? null,
    rates: hasOrigins ? entry.origins : null,
    pending_rate: origins.some(({ source }) => source === 'own-trade'),
    value: exchange && decimalOrNull(exchange.value),
    fee_value: exchange && decimalOrNull(exchange.fee.value),
    search: found && found.search,
    terms: found && found.terms,
    content_hash: contentHash,
    created_at: new Date(entry.createdAt),
    updated_at: new Date(entry.updatedAt),
  };
}

export function toEntry(row: EntryRow): StoredEntry {
  const rest = {
    portfolioId: row.portfolio_id,
    exchange: row.exchange,
    externalId: row.external_id,
    orderId: row.order_id,
    note: row.note,
    tags: row.tags,
    origins: row.rates ?? NO_ORIGINS,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  const entry = toLedgerEntry(row);
  if (entry.kind === 'trade') {
    const trade = { ...entry, ...rest, orderType: row.order_type };
    return row.sequence === null ? trade : { ...trade, sequence: row.sequence };
  }
  return { ...entry, ...rest, unitCost: fixedOrNull(row.unit_cost) };
}

/** What of a row the fold needs: it reads whole ledgers. */
export type LedgerRow = Pick<
  EntryRow,
  | 'id'
  | 'kind'
  | 'time'
  | 'tie'
  | 'base'
  | 'quote'
  | 'side'
  | 'quantity'
  | 'price'
  | 'fee_amount'
  | 'fee_currency'
  | 'asset'
  | 'unit_value'
  | 'quote_rate'
  | 'fee_rate'
>;

export const LEDGER_COLUMNS =
  'id, kind, time, tie, base, quote, side, quantity, price, fee_amount, fee_currency, asset, unit_value, quote_rate, fee_rate';

export function toLedgerEntry(row: LedgerRow): LedgerEntry {
  if (row.kind !== 'trade') {
    return {
      id: row.id,
      time: row.time,
      tie: row.tie,
      kind: row.kind,
      asset: given(row.asset),
      quantity: fixed(row.quantity),
      unitValue: fixedOrNull(row.unit_value),
    };
  }
  return {
    id: row.id,
    time: row.time,
    tie: row.tie,
    kind: row.kind,
    base: given(row.base),
    quote: given(row.quote),
    side: given(row.side),
    quantity: fixed(row.quantity),
    price: fixed(given(row.price)),
    fee:
      row.fee_amount === null ? null : { amount: fixed(row.fee_amount), currency: given(row.fee_currency) },
    quoteRate: fixedOrNull(row.quote_rate),
    feeRate: fixedOrNull(row.fee_rate),
  };
}

function fixedOrNull(text: string | null): Fixed | null {
  return text === null ? null : fixed(text);
}

/** The table's checks see to it that it is there. */
function given<T>(value: T | null): T {
  if (value === null) throw new TypeError('a ledger entry lacks a column of its kind');
  return value;
}
