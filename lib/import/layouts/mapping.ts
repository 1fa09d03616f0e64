import { abs, decimal, div, ZERO } from '../../money/money.ts';
import type { DecimalMark } from '../reading/amount.ts';
import {
  eachRow,
  ignored,
  type ImportFormat,
  type RawTransfer,
  type RowReading,
  sideOf,
} from '../reading/format.ts';
import type { ColumnSpec } from '../reading/headings.ts';
import { amountOf, transfer, undecided } from '../reading/legs.ts';
import type { DateOrder } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** What a row can be booked as. */
export const MAPPED_KINDS = ['buy', 'sell', 'deposit', 'withdrawal', 'income', 'nothing'] as const;
export type MappedKind = (typeof MAPPED_KINDS)[number];

/** What a column can hold. */
export const MAPPED_COLUMNS = [
  'time',
  'kind',
  'symbol',
  'base',
  'quote',
  'asset',
  'quantity',
  'price',
  'total',
  'feeAmount',
  'feeCurrency',
  'externalId',
  'orderId',
  'note',
] as const;
export type MappedColumn = (typeof MAPPED_COLUMNS)[number];

/** How to read a CSV file of another source, as its user says. */
export interface ColumnMapping {
  /** The heading of each column that is read. */
  columns: Partial<Record<MappedColumn, string>>;
  /** What the values of the column `kind` stand for. */
  kinds: Readonly<Record<string, MappedKind>>;
  /** Of rows without a kind. */
  defaultKind: MappedKind | null;
  exchange: string;
  /** Of every trade without a quote of its own. */
  quote: string | null;
  decimal: DecimalMark | null;
  dateOrder: DateOrder | null;
}

const HOLDS: Partial<Record<MappedColumn, 'number' | 'time'>> = {
  time: 'time',
  quantity: 'number',
  price: 'number',
  total: 'number',
  feeAmount: 'number',
};

function columnsOf({ columns }: ColumnMapping): ColumnSpec {
  return Object.fromEntries(
    Object.entries(columns).map(([name, heading]) => {
      const holds = HOLDS[name as MappedColumn];
      const spec = { headings: [heading] };
      return [name, holds === undefined ? spec : { ...spec, holds }];
    }),
  );
}

/** The layout that a mapping makes of a file. */
export function mappedFormat(mapping: ColumnMapping): ImportFormat {
  const kinds = new Map(
    Object.entries(mapping.kinds).map(([word, kind]) => [word.trim().toLowerCase(), kind] as const),
  );
  return {
    name: 'mapping',
    columns: columnsOf(mapping),
    source: {
      ...Object.fromEntries(Object.keys(mapping.columns).map((name) => [name, name])),
      fee: 'feeAmount',
    },
    hasIds: false,
    order: null,
    zone: () => null,
    decimal: mapping.decimal,
    dates: mapping.dateOrder === null ? null : { order: mapping.dateOrder, shape: /./ },
    read: eachRow((row) => readRow(row, mapping, kinds)),
  };
}

function readRow(row: Row, mapping: ColumnMapping, kinds: ReadonlyMap<string, MappedKind>): RowReading {
  const word = row.text('kind');
  const kind = kinds.get(word.toLowerCase()) ?? sideOf(word) ?? transferKind(word) ?? mapping.defaultKind;
  if (kind === 'nothing') return ignored('not-completed', word || 'a row without a kind');
  const occasion = {
    exchange: mapping.exchange,
    time: row.time('time'),
    externalId: row.text('externalId') || undefined,
    note: row.text('note').slice(0, 1_000) || undefined,
  };
  if (kind === 'buy' || kind === 'sell') {
    return { entries: [{ ...tradeIn(row, mapping, kind), ...occasion }] };
  }
  const asset = row.text('asset').toUpperCase() || pairIn(row, mapping).base;
  const signed = amountOf(row.number('quantity'));
  if (kind === null) return undecided('unknown-kind', word, [{ asset, amount: decimal(signed) }], occasion);
  const fee = abs(amountOf(row.numberOrNull('feeAmount') ?? '0'));
  const currency = row.text('feeCurrency').toUpperCase();
  if (fee !== ZERO && currency === '') {
    throw row.error('feeCurrency', 'empty', 'is empty, but there is a fee: say what it was paid in');
  }
  if (signed < ZERO && kind !== 'withdrawal') throw row.signError('quantity', word || kind);
  const quantity = abs(signed);
  const isPart = kind === 'withdrawal' && currency === asset;
  const amount = kind === 'withdrawal' ? -quantity - (isPart ? fee : ZERO) : quantity;
  const reading = transfer(
    { asset, amount: decimal(amount) },
    occasion,
    kind === 'income' ? 'income' : undefined,
  );
  if (fee === ZERO || isPart) return reading;
  const { externalId } = occasion;
  const cost: RawTransfer = {
    kind: 'fee',
    ...occasion,
    externalId: externalId === undefined ? undefined : `${externalId}:fee`,
    asset: currency,
    quantity: decimal(fee),
  };
  return { entries: [...('entries' in reading ? reading.entries : []), cost] };
}

function transferKind(word: string): RawTransfer['kind'] | null {
  const plain = word.toLowerCase();
  if (plain === 'deposit' || plain === 'withdrawal' || plain === 'income') return plain;
  return null;
}

function pairIn(row: Row, { quote }: ColumnMapping): { base: string; quote: string } {
  const [base = '', named = ''] = row.text('symbol').toUpperCase().split(/[/_-]/);
  const pair = {
    base: row.text('base').toUpperCase() || base,
    quote: row.text('quote').toUpperCase() || named || (quote ?? ''),
  };
  if (pair.base === '') throw row.error('symbol', 'empty', 'is empty');
  return pair;
}

function tradeIn(row: Row, mapping: ColumnMapping, side: 'buy' | 'sell') {
  const { base, quote } = pairIn(row, mapping);
  if (quote === '') throw row.error('symbol', 'not-a-pair', 'names no second asset: map `quote`');
  const quantity = abs(amountOf(row.number('quantity')));
  if (quantity === ZERO) throw row.error('quantity', 'wrong-value', 'must be greater than zero');
  const price = row.numberOrNull('price') ?? decimal(div(abs(amountOf(row.number('total'))), quantity));
  const fee = row.numberOrNull('feeAmount');
  const currency = row.text('feeCurrency').toUpperCase() || quote;
  return {
    kind: 'trade' as const,
    symbol: `${base}/${quote}`,
    side,
    quantity: decimal(quantity),
    price,
    fee: fee === null ? undefined : { amount: decimal(abs(amountOf(fee))), currency },
    orderId: row.text('orderId') || undefined,
  };
}
