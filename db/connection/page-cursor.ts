import { type Problem, problem } from '../../lib/problem.ts';

export type KeyKind = 'number' | 'text' | 'decimal' | 'uuid';
type Part<K> = K extends 'number' ? number : string;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DECIMAL = /^-?\d{1,100}(?:\.\d{1,100})?$/;

/**
 * The sort key of the last item of a page as opaque text: the next page begins after it, whatever has changed in
 * between.
 */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem `invalid-cursor` for anything that is not a key of these kinds */
export function decodeCursor<const K extends readonly KeyKind[]>(
  text: string,
  kinds: K,
): { [I in keyof K]: Part<K[I]> } {
  const key = parseCursor(text);
  if (!isKey(key, kinds)) throw invalidCursor();
  return key;
}

/** The unchecked content of a cursor. @throws Problem `invalid-cursor` */
export function parseCursor(text: string): unknown[] {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch (cause) {
    throw invalidCursor({ cause });
  }
  if (!Array.isArray(key)) throw invalidCursor();
  return key;
}

/** The 400 that names the parameter. */
export function invalidCursor({
  detail = 'is not valid',
  cause,
}: { detail?: string; cause?: unknown } = {}): Problem {
  return problem('invalid-cursor', {
    errors: [{ parameter: 'cursor', detail: `${detail}: start again without a cursor` }],
    cause,
  });
}

export function isKey<const K extends readonly KeyKind[]>(
  key: readonly unknown[],
  kinds: K,
): key is { [I in keyof K]: Part<K[I]> } {
  return key.length === kinds.length && kinds.every((kind, index) => isOf(kind, key[index]));
}

function isOf(kind: KeyKind, value: unknown): boolean {
  // From the epoch to the end of a Date: beyond that SQL has no timestamp to compare with.
  if (kind === 'number') return typeof value === 'number' && value >= 0 && value <= 8.64e15;
  if (typeof value !== 'string' || value.includes('\0')) return false;
  if (kind === 'decimal') return DECIMAL.test(value);
  return kind === 'text' || UUID.test(value);
}
