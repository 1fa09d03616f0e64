import { decodeCursor, encodeCursor } from '../db/cursor.ts';
import { type Page, pageOf } from '../db/page.ts';
import { abs, decimal, fixed, type Fixed } from '../lib/money.ts';
import type { HoldingBody } from '../lib/pnl/holding-body.ts';
import { problem } from '../lib/problem.ts';

/** What holdings can be sorted by. */
export const HOLDING_COLUMNS = [
  'asset',
  'symbol',
  'quantity',
  'averagePrice',
  'costBasis',
  'markPrice',
  'markTime',
  'marketValue',
  'weight',
  'unrealizedPnl',
  'unrealizedRate',
  'realizedPnl.gross',
  'realizedPnl.net',
] as const;
export type HoldingColumn = (typeof HOLDING_COLUMNS)[number];

const TEXT_COLUMNS: readonly HoldingColumn[] = ['asset', 'symbol', 'markTime'];
const FORWARD_COLUMNS: readonly HoldingColumn[] = ['asset', 'symbol'];

export interface HoldingQuery {
  sort: HoldingColumn;
  order?: 'asc' | 'desc' | undefined;
  /** Holdings worth less are left out. */
  minValue?: Fixed | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** What an item is sorted by: its column's value and its asset. */
interface Key {
  value: string | Fixed | null;
  asset: string;
}

function textOf(holding: HoldingBody, column: HoldingColumn): string | null {
  if (column === 'realizedPnl.gross') return holding.realizedPnl.gross;
  if (column === 'realizedPnl.net') return holding.realizedPnl.net;
  return holding[column];
}

function compareKeys(a: Key, b: Key, sign: 1 | -1): number {
  if (a.value !== b.value) {
    if (a.value === null || b.value === null) return a.value === null ? 1 : -1;
    return a.value < b.value ? -sign : sign;
  }
  if (a.asset === b.asset) return 0;
  return a.asset < b.asset ? -1 : 1;
}

/** One page of holdings. @throws Problem `invalid-cursor` for one of another sort too */
export function holdingPage(holdings: readonly HoldingBody[], query: HoldingQuery): Page<HoldingBody> {
  const { sort, minValue, limit, cursor } = query;
  const order = query.order ?? (FORWARD_COLUMNS.includes(sort) ? 'asc' : 'desc');
  const sign = order === 'asc' ? 1 : -1;
  const valueOf = (text: string | null): Key['value'] =>
    text === null || TEXT_COLUMNS.includes(sort) ? text : fixed(text);
  const isDust = ({ marketValue }: HoldingBody): boolean =>
    minValue !== undefined && marketValue !== null && abs(fixed(marketValue)) < minValue;
  const after = cursor === undefined ? null : keyOf(cursor, `${sort} ${order}`, valueOf);
  const keyed = holdings
    .filter((holding) => !isDust(holding))
    .map((holding) => ({
      holding,
      key: { value: valueOf(textOf(holding, sort)), asset: holding.asset },
    }))
    .filter(({ key }) => after === null || compareKeys(key, after, sign) > 0)
    .sort((a, b) => compareKeys(a.key, b.key, sign));
  const page = pageOf(keyed, limit, ({ key }) => cursorOf(key, `${sort} ${order}`));
  return { items: page.items.map(({ holding }) => holding), nextCursor: page.nextCursor };
}

function cursorOf({ value, asset }: Key, sorting: string): string {
  const text = typeof value === 'bigint' ? decimal(value) : value;
  return encodeCursor([sorting, text === null ? 'null' : 'value', text ?? '', asset]);
}

function keyOf(cursor: string, sorting: string, valueOf: (text: string | null) => Key['value']): Key {
  const [of, kind, text, asset] = decodeCursor(cursor, ['text', 'text', 'text', 'text']);
  if (of !== sorting) throw problem('invalid-cursor', { detail: 'The cursor is of another sort.' });
  try {
    return { value: valueOf(kind === 'null' ? null : text), asset };
  } catch (cause) {
    throw problem('invalid-cursor', { cause });
  }
}
