import { decimal, decimalOrNull, fixed, type Fixed } from '../../../lib/money/money.ts';
import { type CarriedJson, decodeCarried, encodeCarried } from '../../../lib/pnl/ledger/carried.ts';
import type {
  ConvertEntry,
  ConvertSource,
  LedgerEntry,
  TokenChangeEntry,
  TransferEntry,
} from '../../../lib/pnl/ledger/entry.ts';
import { valuedTrade } from '../../../lib/pnl/ledger/valued-trade.ts';
import { NO_ORIGINS, type RateOrigins } from '../../../lib/pnl/ledger/rate-origin.ts';
import { isTokenChange, type JoinedBy, type StoredEntry } from './stored-entry.ts';
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
  subtype: string | null;
  reason: string | null;
  account: string | null;
  to_account: string | null;
  txid: string | null;
  sources: SourceJson[] | null;
  joined_with: string | null;
  joined_quantity: string | null;
  joined_portfolio: string | null;
  joined_by: JoinedBy | null;
  carried: CarriedJson | null;
  confirmed: boolean;
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
  subtype: 'text',
  reason: 'text',
  account: 'text',
  to_account: 'text',
  txid: 'text',
  sources: 'json',
  joined_with: 'uuid',
  joined_quantity: 'numeric',
  joined_portfolio: 'uuid',
  joined_by: 'text',
  carried: 'json',
  confirmed: 'boolean',
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

export interface SourceJson {
  asset: string;
  quantity: string;
  received: string | null;
  unitValue: string | null;
}

/** @param terms of the portfolio: figures are in its base currency */
export function toRow(
  entry: StoredEntry,
  contentHash: string,
  terms: { baseCurrency: string },
): Record<keyof typeof WRITTEN, unknown> {
  const trade = entry.kind === 'trade' ? entry : null;
  const inBase = trade && valuedTrade(trade, terms);
  const found = trade && searchColumns(entry.portfolioId, trade);
  const other = entry.kind === 'trade' ? null : entry;
  const change = other !== null && isTokenChange(other) ? other : null;
  const valued = other === null || other.kind === 'transfer' || isTokenChange(other) ? null : other;
  const movement = valued === null || valued.kind === 'convert' ? null : valued;
  const convert = valued?.kind === 'convert' ? valued : null;
  const carried = (movement ?? change)?.carried;
  const own = other?.kind === 'transfer' ? other : null;
  const fee = (trade ?? own)?.fee ?? networkFeeOf(movement);
  const origins = Object.values(entry.origins ?? NO_ORIGINS);
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
    fee_amount: fee && decimal(fee.amount),
    fee_currency: fee?.currency ?? null,
    asset: other?.asset ?? null,
    unit_cost: valued && decimalOrNull(valued.unitCost),
    unit_value: valued && decimalOrNull(valued.unitValue),
    quote_rate: trade && decimalOrNull(trade.quoteRate),
    fee_rate: trade && decimalOrNull(trade.feeRate),
    order_id: entry.orderId,
    order_type: trade?.orderType ?? null,
    note: entry.note,
    tags: entry.tags,
    sequence: entry.sequence ?? null,
    rates: origins.length > 0 ? entry.origins : null,
    pending_rate:
      origins.some((origin) => origin?.source === 'own-trade') || (convert !== null && lacksRate(convert)),
    subtype: movement?.subtype ?? null,
    reason: movement?.reason ?? null,
    account: entry.account ?? null,
    to_account: own?.toAccount ?? null,
    txid: (movement ?? own)?.txid ?? null,
    sources: change === null ? convert && convert.sources.map(sourceJson) : [originJson(change)],
    joined_with: movement?.joinedWith ?? null,
    joined_quantity: movement?.joined === undefined ? null : decimal(movement.joined),
    joined_portfolio: movement?.joinedPortfolio ?? null,
    joined_by: movement?.joinedBy ?? null,
    carried: carried === undefined ? null : encodeCarried(carried),
    confirmed: movement?.confirmed ?? false,
    value: inBase && decimalOrNull(inBase.value),
    fee_value: inBase && decimalOrNull(inBase.fee.value),
    search: found && found.search,
    terms: found && found.terms,
    content_hash: contentHash,
    created_at: new Date(entry.createdAt),
    updated_at: new Date(entry.updatedAt),
  };
}

/** What a rename, redenomination or fork comes from stands where a conversion has its sources. */
export function originJson({ from, per }: Pick<TokenChangeEntry, 'from' | 'per'>): SourceJson {
  return { asset: from, quantity: decimal(per), received: null, unitValue: null };
}

/** A withdrawal's fee stands where others have theirs. */
export function networkFeeOf(
  movement: Pick<TransferEntry, 'asset' | 'networkFee'> | null,
): { amount: Fixed; currency: string } | null {
  if (movement?.networkFee === undefined) return null;
  return { amount: movement.networkFee, currency: movement.asset };
}

function lacksRate({ unitValue, sources }: ConvertEntry): boolean {
  return unitValue === null || sources.some((source) => source.unitValue === null);
}

export function sourceJson({ asset, quantity, received, unitValue }: ConvertSource): SourceJson {
  return {
    asset,
    quantity: decimal(quantity),
    received: decimalOrNull(received),
    unitValue: decimalOrNull(unitValue),
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
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.sequence === null ? {} : { sequence: row.sequence }),
    ...(row.rates === null ? {} : { origins: row.rates }),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  const txid = row.txid === null ? {} : { txid: row.txid };
  const unitCost = fixedOrNull(row.unit_cost);
  const entry = toLedgerEntry(row);
  switch (entry.kind) {
    case 'trade':
      return { ...entry, ...rest, orderType: row.order_type };
    case 'transfer':
      return { ...entry, ...rest, ...txid, toAccount: given(row.to_account) };
    case 'convert':
      return { ...entry, ...rest, unitCost };
    case 'rename':
    case 'redenomination':
    case 'fork':
      return { ...entry, ...rest };
    default:
      return {
        ...entry,
        ...rest,
        ...txid,
        unitCost,
        ...(row.subtype === null ? {} : { subtype: row.subtype }),
        ...(row.reason === null ? {} : { reason: row.reason }),
        ...(row.joined_with === null ? {} : { joinedWith: row.joined_with }),
        ...(row.joined_portfolio === null ? {} : { joinedPortfolio: row.joined_portfolio }),
        ...(row.joined_by === null ? {} : { joinedBy: row.joined_by }),
      };
  }
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
  | 'sources'
  | 'joined_quantity'
  | 'joined_portfolio'
  | 'carried'
  | 'confirmed'
>;

export const LEDGER_COLUMNS =
  'id, kind, time, tie, base, quote, side, quantity, price, fee_amount, fee_currency, asset, unit_value, quote_rate, fee_rate, sources, joined_quantity, joined_portfolio, carried, confirmed';

export function toLedgerEntry(row: LedgerRow): LedgerEntry {
  const { id, time, tie, kind } = row;
  const quantity = fixed(row.quantity);
  const fee =
    row.fee_amount === null ? null : { amount: fixed(row.fee_amount), currency: given(row.fee_currency) };
  switch (kind) {
    case 'trade':
      return {
        id,
        time,
        tie,
        kind,
        base: given(row.base),
        quote: given(row.quote),
        side: given(row.side),
        quantity,
        price: fixed(given(row.price)),
        fee,
        quoteRate: fixedOrNull(row.quote_rate),
        feeRate: fixedOrNull(row.fee_rate),
      };
    case 'transfer':
      return { id, time, tie, kind, asset: given(row.asset), quantity, fee };
    case 'convert':
      return {
        id,
        time,
        tie,
        kind,
        asset: given(row.asset),
        quantity,
        unitValue: fixedOrNull(row.unit_value),
        sources: given(row.sources).map(toSource),
      };
    case 'rename':
    case 'redenomination':
    case 'fork': {
      const [origin] = given(row.sources);
      const { asset: from, quantity: per } = given(origin ?? null);
      const change = { id, time, tie, kind, asset: given(row.asset), quantity, from, per: fixed(per) };
      return row.carried === null ? change : { ...change, carried: decodeCarried(row.carried) };
    }
    default: {
      const unitValue = fixedOrNull(row.unit_value);
      const movement = { id, time, tie, kind, asset: given(row.asset), quantity, unitValue };
      return {
        ...movement,
        ...(fee === null ? {} : { networkFee: fee.amount }),
        ...(row.confirmed ? { confirmed: true } : {}),
        ...joinOf(row),
      };
    }
  }
}

function joinOf({ joined_quantity, joined_portfolio, carried }: LedgerRow): Partial<TransferEntry> {
  if (joined_quantity === null) return {};
  return {
    joined: fixed(joined_quantity),
    ...(joined_portfolio === null ? {} : { elsewhere: true }),
    ...(carried === null ? {} : { carried: decodeCarried(carried) }),
  };
}

function toSource({ asset, quantity, received, unitValue }: SourceJson): ConvertSource {
  return {
    asset,
    quantity: fixed(quantity),
    received: fixedOrNull(received),
    unitValue: fixedOrNull(unitValue),
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
