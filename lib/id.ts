import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

/** A UUIDv7: unique, and sorted by the time it was made. */
export function newId(clock: Clock): string {
  return v7({ msecs: clock.now() });
}
