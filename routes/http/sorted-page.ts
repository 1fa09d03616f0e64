import { decodeCursor, encodeCursor, invalidCursor } from '../../db/connection/page-cursor.ts';
import { type Page, pageOf } from '../../db/connection/list-page.ts';
import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';

export type Order = 'asc' | 'desc';

/** How to sort a list in memory. */
export interface Sorting<T> {
  /** Identifies the sorting: a cursor is valid only for the sorting that made it. */
  name: string;
  order: Order;
  /** The sort key of an item; `null` comes last in either order. */
  valueOf: (item: T) => string | null;
  /** Whether the sort keys are decimals rather than text. */
  isNumeric: boolean;
  /** Unique for each item: breaks ties, ascending. */
  nameOf: (item: T) => string;
}

interface Key {
  value: string | Fixed | null;
  name: string;
}

function compareKeys(a: Key, b: Key, sign: 1 | -1): number {
  if (a.value !== b.value) {
    if (a.value === null || b.value === null) return a.value === null ? 1 : -1;
    return a.value < b.value ? -sign : sign;
  }
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/**
 * One page of a list in memory. The next page begins after the last item of the previous one, wherever that item is
 * then.
 * @throws Problem `invalid-cursor`, also for a cursor of another sorting
 */
export function sortedPage<T>(
  items: readonly T[],
  { name, order, valueOf, isNumeric, nameOf }: Sorting<T>,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Page<T> {
  const sorting = `${name} ${order}`;
  const sign = order === 'asc' ? 1 : -1;
  const parse = (text: string | null): Key['value'] => (text === null || !isNumeric ? text : fixed(text));
  const after = cursor === undefined ? null : keyOf(cursor, sorting, parse);
  const keyed = items
    .map((item) => ({ item, key: { value: parse(valueOf(item)), name: nameOf(item) } }))
    .filter(({ key }) => after === null || compareKeys(key, after, sign) > 0)
    .sort((a, b) => compareKeys(a.key, b.key, sign));
  const page = pageOf(keyed, limit, ({ key }) => cursorOf(key, sorting));
  return { items: page.items.map(({ item }) => item), nextCursor: page.nextCursor };
}

function cursorOf({ value, name }: Key, sorting: string): string {
  const text = typeof value === 'bigint' ? decimal(value) : value;
  return encodeCursor([sorting, text === null ? 'null' : 'value', text ?? '', name]);
}

function keyOf(cursor: string, sorting: string, parse: (text: string | null) => Key['value']): Key {
  const [of, kind, text, name] = decodeCursor(cursor, ['text', 'text', 'text', 'text']);
  if (of !== sorting) throw invalidCursor({ detail: 'belongs to a list in another order' });
  try {
    return { value: parse(kind === 'null' ? null : text), name };
  } catch (cause) {
    throw invalidCursor({ cause });
  }
}
