import type { RawEntry } from '../../lib/import/reading/format.ts';
import { isInFuture } from '../http/fields.ts';
import type { EntryFault } from './import-entry.ts';

/** Of a value that is told again. */
const MAX_TOLD = 100;

/** The code of what is wrong with an entry of a file, and the value that is, for a text in another language. */
export function reasonOf(
  entry: RawEntry,
  { path }: EntryFault,
  now: number,
): { code: string; params: Record<string, string> } {
  if (path[0] === 'time') {
    const params = { value: new Date(entry.time).toISOString() };
    return { code: isInFuture(entry.time, now) ? 'in-future' : 'wrong-value', params };
  }
  const [, value] = Object.entries(entry).find(([name]) => name === path[0]) ?? [];
  return {
    code: 'wrong-value',
    params: typeof value === 'string' ? { value: value.slice(0, MAX_TOLD) } : {},
  };
}
