import { restored } from '../csv/formula.ts';
import { MAX_TAGS, splitTags } from '../csv/tag-list.ts';
import { SEQUENCE_HEADING, TRADE_HEADINGS, type TradeColumn } from '../csv/trade-headings.ts';
import { plainNumber } from './amount.ts';
import { CellError } from './cell-error.ts';
import { sideOf, timeIn, type ImportFormat } from './format.ts';
import type { Columns } from './headings.ts';
import type { Zone } from './local-time.ts';

const REQUIRED: ReadonlySet<string> = new Set(['time', 'symbol', 'side', 'quantity', 'price']);

function numberOf(row: readonly string[], columns: Columns, name: TradeColumn): string {
  const cell = columns.cell(row, name);
  const number = plainNumber(cell);
  if (number === null) {
    throw new CellError(columns.heading(name), cell === '' ? 'is empty' : 'is not a plain decimal number');
  }
  return number;
}

function textOf(row: readonly string[], columns: Columns, name: TradeColumn): string | undefined {
  return restored(columns.verbatim(row, name)) || undefined;
}

/** Too long a number is refused as that of any trade. */
function sequenceOf(row: readonly string[], columns: Columns): number | undefined {
  const cell = columns.cell(row, 'sequence');
  if (cell === '') return undefined;
  if (!/^\d{1,20}$/.test(cell)) throw new CellError(columns.heading('sequence'), 'is not a whole number');
  return Number(cell);
}

function timeOf(row: readonly string[], columns: Columns, zone: Zone | null): number | string {
  const cell = columns.cell(row, 'time');
  if (/^\d{10,16}$/.test(cell)) return Number(cell);
  return zone === null || /(Z|[+-]\d{2}:?\d{2})$/.test(cell) ? cell : timeIn(row, columns, 'time', zone);
}

/**
 * What `GET …/trades.csv` gives, under English or Korean headings, in any order and with further columns. Rows without
 * an external id stay without one: they are told from what is booked by their content and number.
 */
export const marktide: ImportFormat = {
  name: 'marktide',
  columns: Object.fromEntries(
    Object.entries({ ...TRADE_HEADINGS, sequence: SEQUENCE_HEADING }).map(([name, korean]) => [
      name,
      { headings: [name, korean], optional: !REQUIRED.has(name) },
    ]),
  ),
  source: {
    symbol: 'symbol',
    side: 'side',
    quantity: 'quantity',
    price: 'price',
    fee: 'feeAmount',
    time: 'time',
    exchange: 'exchange',
    externalId: 'externalId',
    orderId: 'orderId',
    type: 'type',
    note: 'note',
    tags: 'tags',
    sequence: 'sequence',
  },
  hasIds: true,
  order: null,
  zone: () => null,
  read(row, columns, zone) {
    const side = columns.cell(row, 'side');
    const currency = columns.cell(row, 'feeCurrency');
    const hasFee = columns.cell(row, 'feeAmount') !== '';
    if (hasFee && currency === '')
      throw new CellError(columns.heading('feeCurrency'), 'is empty, but there is a fee');
    const tags = splitTags(restored(columns.verbatim(row, 'tags')));
    if (tags.length > MAX_TAGS)
      throw new CellError(columns.heading('tags'), `has more than ${MAX_TAGS} tags`);
    return {
      trade: {
        exchange: textOf(row, columns, 'exchange'),
        externalId: textOf(row, columns, 'externalId'),
        symbol: columns.cell(row, 'symbol'),
        side: sideOf(side) ?? side,
        quantity: numberOf(row, columns, 'quantity'),
        price: numberOf(row, columns, 'price'),
        fee: hasFee ? { amount: numberOf(row, columns, 'feeAmount'), currency } : undefined,
        time: timeOf(row, columns, zone),
        type: columns.cell(row, 'type') || undefined,
        orderId: textOf(row, columns, 'orderId'),
        note: textOf(row, columns, 'note'),
        tags,
        sequence: sequenceOf(row, columns),
      },
    };
  },
};
