import { restored } from '../../csv/formula.ts';
import { MAX_TAGS, splitTags } from '../../csv/tag-list.ts';
import { SEQUENCE_HEADING, TRADE_HEADINGS } from '../../csv/trade-headings.ts';
import { eachRow, sideOf, type ImportFormat, type RawTrade } from '../reading/format.ts';
import type { ColumnSpec } from '../reading/headings.ts';
import type { Row } from '../reading/row.ts';

const REQUIRED: ReadonlySet<string> = new Set(['time', 'symbol', 'side', 'quantity', 'price']);
const HOLDS: Partial<Record<string, 'number' | 'time'>> = {
  time: 'time',
  quantity: 'number',
  price: 'number',
  feeAmount: 'number',
};

const columns: ColumnSpec = Object.fromEntries(
  Object.entries({ ...TRADE_HEADINGS, sequence: SEQUENCE_HEADING }).map(([name, korean]) => {
    const spec = { headings: [name, korean], optional: !REQUIRED.has(name) };
    const holds = HOLDS[name];
    return [name, holds === undefined ? spec : { ...spec, holds }];
  }),
);

export function tagsOf(row: Row): string[] {
  const tags = splitTags(restored(row.verbatim('tags')));
  if (tags.length > MAX_TAGS) throw row.error('tags', 'wrong-value', `has more than ${MAX_TAGS} tags`);
  return tags;
}

export function textOf(row: Row, name: string): string | undefined {
  return restored(row.verbatim(name)) || undefined;
}

/** A number that is too long is rejected, as in any trade. */
export function sequenceOf(row: Row): number | undefined {
  const cell = row.text('sequence');
  if (cell === '') return undefined;
  if (!/^\d{1,20}$/.test(cell)) throw row.error('sequence', 'not-a-number', 'is not a whole number');
  return Number(cell);
}

/**
 * The output of `GET …/trades.csv`, under English or Korean headings, with columns in any order and possibly
 * more of them.
 */
export const marktide: ImportFormat = {
  name: 'marktide',
  columns,
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
  isOwn: true,
  order: null,
  zone: () => null,
  // Somebody may have written the file in a spreadsheet; the times in files of this program prove the decimal
  // point.
  decimal: null,
  dates: null,
  read: eachRow((row) => ({ entries: [ownTrade(row)] })),
};

export function ownTrade(row: Row): RawTrade {
  const side = row.text('side');
  const currency = row.text('feeCurrency');
  const feeAmount = row.numberOrNull('feeAmount');
  if (feeAmount !== null && currency === '')
    throw row.error('feeCurrency', 'empty', 'is empty, but there is a fee');
  return {
    kind: 'trade',
    exchange: textOf(row, 'exchange'),
    externalId: textOf(row, 'externalId'),
    symbol: row.text('symbol'),
    side: sideOf(side) ?? side,
    quantity: row.number('quantity'),
    price: row.number('price'),
    fee: feeAmount === null ? undefined : { amount: feeAmount, currency },
    time: row.time('time'),
    type: row.text('type') || undefined,
    orderId: textOf(row, 'orderId'),
    note: textOf(row, 'note'),
    tags: tagsOf(row),
    sequence: sequenceOf(row),
  };
}
