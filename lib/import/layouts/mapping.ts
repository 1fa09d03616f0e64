import { abs, decimal, div, type Fixed, mul, ZERO } from '../../money/money.ts';
import type { DecimalMark } from '../reading/amount.ts';
import {
  eachRow,
  ignored,
  type ImportFormat,
  type Move,
  type RowReading,
  sideOf,
} from '../reading/format.ts';
import type { ColumnSpec } from '../reading/headings.ts';
import { amountOf, charged } from '../reading/legs.ts';
import { charge, reward, transfer } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import type { DateOrder } from '../reading/local-time.ts';
import type { Pair } from '../reading/pair.ts';
import { rewardSubtype } from '../reading/reward-words.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';

/** What a row can be booked as. */
export const MAPPED_KINDS = [
  'buy',
  'sell',
  'deposit',
  'withdrawal',
  'income',
  'fee',
  'rebate',
  'nothing',
] as const;
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

/** How to read a CSV file of another source, as the user describes it. */
export interface ColumnMapping {
  /** The heading of each column that is read. */
  columns: Partial<Record<MappedColumn, string>>;
  /** The meaning of each value in the column `kind`. */
  kinds: Readonly<Record<string, MappedKind>>;
  /** Applies to rows without a kind. */
  defaultKind: MappedKind | null;
  exchange: string;
  /** Applies to trades without a quote of their own. */
  quote: string | null;
  decimal: DecimalMark | null;
  dateOrder: DateOrder | null;
  /** The meaning of a negative fee; `null`: it is rejected. */
  negativeFee: 'fee' | 'rebate' | null;
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

/** The layout that a mapping gives a file. */
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
    order: null,
    zone: () => null,
    decimal: mapping.decimal,
    dates: mapping.dateOrder === null ? null : { order: mapping.dateOrder, shape: /./ },
    read: eachRow((row) => readRow(row, mapping, kinds)),
  };
}

function readRow(row: Row, mapping: ColumnMapping, kinds: ReadonlyMap<string, MappedKind>): RowReading {
  const word = row.text('kind');
  const kind = kinds.get(word.toLowerCase()) ?? sideOf(word) ?? ownKind(word) ?? mapping.defaultKind;
  if (kind === 'nothing') return ignored('not-completed', word || 'a row without a kind');
  const occasion = {
    exchange: mapping.exchange,
    time: row.time('time'),
    externalId: row.text('externalId') || undefined,
    note: row.text('note').slice(0, 1_000) || undefined,
  };
  if (kind === 'buy' || kind === 'sell') {
    const { quote, ...trade } = tradeIn(row, mapping, kind);
    return { entries: charged({ ...trade, ...occasion }, costsIn(row, mapping, quote)) };
  }
  const asset = row.text('asset').toUpperCase() || pairIn(row, mapping).base;
  const signed = amountOf(row.number('quantity'));
  if (kind === null) return undecided('unknown-kind', word, [{ asset, amount: decimal(signed) }], occasion);
  const isOut = kind === 'withdrawal' || kind === 'fee';
  if (signed < ZERO && !isOut) throw row.signError('quantity', word || kind);
  const costs = costsIn(row, mapping, row.text('feeCurrency').toUpperCase());
  // A withdrawal includes its fee.
  const isPart = kind === 'withdrawal' && costs.every((cost) => cost.asset === asset);
  const fee = isPart ? amountOf(costs[0]?.amount ?? '0') : ZERO;
  const move = { asset, amount: decimal((isOut ? -abs(signed) : signed) + fee) };
  const reading =
    kind === 'income'
      ? reward(move, occasion, word)
      : kind === 'fee' || kind === 'rebate'
        ? charge(move, occasion)
        : transfer(move, occasion, -fee);
  const [cost] = costs;
  if (cost === undefined || isPart) return reading;
  const { externalId } = occasion;
  const own = { ...occasion, externalId: externalId === undefined ? undefined : `${externalId}:fee` };
  const charges = charge(cost, own);
  const entries = [reading, charges].flatMap((each) => ('entries' in each ? each.entries : []));
  return { entries };
}

/** Kinds that name themselves, and rewards by their purpose. */
function ownKind(word: string): MappedKind | null {
  const plain = word.toLowerCase();
  if (plain === 'reward' || rewardSubtype(plain) !== undefined) return 'income';
  return MAPPED_KINDS.find((kind) => kind === plain && kind !== 'nothing') ?? null;
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

/** The costs of a row. Whether a negative fee was paid or refunded is up to the mapping. */
function costsIn(row: Row, { negativeFee }: ColumnMapping, currency: string): Move[] {
  const number = row.numberOrNull('feeAmount');
  const fee = amountOf(number ?? '0');
  if (fee === ZERO) return [];
  const asset = row.text('feeCurrency').toUpperCase() || currency;
  if (asset === '') {
    throw row.error('feeCurrency', 'empty', 'is empty, but there is a fee: say what it was paid in');
  }
  if (fee > ZERO) return [{ asset, amount: decimal(-fee) }];
  if (negativeFee === null) {
    const readings = [`a fee of ${decimal(-fee)}`, `a rebate of ${decimal(-fee)}`];
    const detail = `has a minus: it could be ${readings.join(' or ')}. Say which as \`negativeFee\``;
    throw row.error('feeAmount', 'wrong-value', detail, { readings: readings.join(', ') });
  }
  return [{ asset, amount: decimal(negativeFee === 'fee' ? fee : -fee) }];
}

/**
 * A trade by its word. Signs may repeat the word, follow the money, or be absent: a sale may have a minus
 * before its quantity, or before both amounts; a purchase before its total. Any other sign contradicts the
 * word.
 */
function tradeIn(row: Row, mapping: ColumnMapping, side: 'buy' | 'sell') {
  const { base, quote } = pairIn(row, mapping);
  if (quote === '') throw row.error('symbol', 'not-a-pair', 'names no second asset: map `quote`');
  const signed = amountOf(row.number('quantity'));
  const quantity = abs(signed);
  if (quantity === ZERO) throw row.error('quantity', 'wrong-value', 'must be greater than zero');
  const readings = [`a purchase of ${decimal(quantity)}`, `a sale of ${decimal(quantity)}`];
  const word = row.text('kind') || side;
  if (signed < ZERO && side === 'buy') throw row.signError('quantity', word, readings);
  const total = row.numberOrNull('total');
  if (total?.startsWith('-') === true && side === 'sell' && signed > ZERO) {
    throw row.signError('total', word, readings);
  }
  checkTotal(row, { base, quote }, { fee: feeOfTotal(row, { base, quote }) });
  const price =
    row.numberOrNull('price') ?? decimal(div(abs(amountOf(total ?? row.number('total'))), quantity));
  return {
    kind: 'trade' as const,
    symbol: `${base}/${quote}`,
    side,
    quantity: decimal(quantity),
    price,
    orderId: row.text('orderId') || undefined,
    quote,
  };
}

/** The fee that a total may include, in the quote currency; a fee in the base asset is converted at the price. */
function feeOfTotal(row: Row, { base, quote }: Pair): Fixed {
  const fee = abs(amountOf(row.numberOrNull('feeAmount') ?? '0'));
  const asset = row.text('feeCurrency').toUpperCase() || quote;
  if (asset === quote) return fee;
  return asset === base ? mul(fee, amountOf(row.numberOrNull('price') ?? '0')) : ZERO;
}
