import { hash } from 'node:crypto';
import { encodeCursor, invalidCursor, isKey, parseCursor } from '../connection/page-cursor.ts';
import { SORTED_PARTS, type TradeOrder, type TradePlace } from './trade-order.ts';
import type { TradeFilter } from './trade-query.ts';

/** Distinguishes lists: a cursor of one is invalid for another. */
export function listName(portfolioId: string, filter: TradeFilter, { sort, order }: TradeOrder): string {
  const given = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify([portfolioId, sort, order, given]), 'base64url').slice(0, 12);
}

export function encodePlace(list: string, { part, keys }: TradePlace): string {
  return encodeCursor([list, part, ...keys]);
}

/** @throws Problem `invalid-cursor` naming `cursor`, for one that is malformed or belongs to another list */
export function decodePlace(text: string, list: string, sort: TradeOrder['sort']): TradePlace {
  const [of, part, ...keys] = parseCursor(text);
  if (typeof of !== 'string' || typeof part !== 'number') throw invalidCursor();
  if (of !== list) throw invalidCursor({ detail: 'belongs to a list with another filter or order' });
  const kinds = SORTED_PARTS[sort][part]?.keys.map(({ kind }) => kind);
  if (kinds === undefined || !isKey(keys, kinds)) throw invalidCursor();
  return { part, keys: [...keys] };
}
