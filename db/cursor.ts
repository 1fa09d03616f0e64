import { problem } from '../lib/problem.ts';

type Kind = 'number' | 'text' | 'uuid';
type Part<K> = K extends 'number' ? number : string;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** The sort key of the last item of a page as opaque text: the next page begins after it, whatever came in between. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem `invalid-cursor` for anything that is not a key of these kinds */
export function decodeCursor<const K extends readonly Kind[]>(
  text: string,
  kinds: K,
): { [I in keyof K]: Part<K[I]> } {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch (cause) {
    throw problem('invalid-cursor', { cause });
  }
  if (!Array.isArray(key) || key.length !== kinds.length) throw problem('invalid-cursor');
  if (!kinds.every((kind, index) => isOf(kind, key[index]))) throw problem('invalid-cursor');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each part was just looked at
  return key as { [I in keyof K]: Part<K[I]> };
}

function isOf(kind: Kind, value: unknown): boolean {
  // From the epoch to the end of a Date: beyond that SQL has no timestamp to compare with.
  if (kind === 'number') return typeof value === 'number' && value >= 0 && value <= 8.64e15;
  if (typeof value !== 'string' || value.includes('\0')) return false;
  return kind === 'text' || UUID.test(value);
}
