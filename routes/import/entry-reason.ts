import type { RawEntry } from '../../lib/import/reading/format.ts';
import { isInFuture } from '../../lib/schemas/fields.ts';
import type { EntryFault } from './import-entry.ts';

/** The maximum length of a value that is repeated. */
const MAX_TOLD = 100;

/** The error code of an invalid entry and the offending value, for texts in other languages. */
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
