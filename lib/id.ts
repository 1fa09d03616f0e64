import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';
import type { Clock } from './clock.ts';

const BYTES = 16;

/** Fetching random bytes is expensive, so they are fetched for many ids at a time. */
const pool = new Uint8Array(256 * BYTES);
let used = pool.length;

function rng(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.subarray(used - BYTES, used);
}

/** A UUIDv7: unique, and sorted by the time it was made. */
export function newId(clock: Clock): string {
  return v7({ msecs: clock.now(), rng });
}
