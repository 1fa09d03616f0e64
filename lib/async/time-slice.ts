import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../steps.ts';

/** How long one piece of work may hold the event loop, in milliseconds. */
export const SLICE_MS = 8;

/**
 * Divides long work on the event loop. The work asks after each step whether its slice is over, and then lets timers,
 * sockets and other requests have a turn:
 *
 * ```ts const slice = new TimeSlice(); for (const item of items) { work(item); if (slice.isOver) await slice.next(); }
 * ```
 *
 * Time decides, not a number of steps, since the cost of a step depends on the data.
 */
export class TimeSlice {
  readonly #now: () => number;
  #end: number;

  /** @param now in milliseconds, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#end = now() + SLICE_MS;
  }

  get isOver(): boolean {
    return this.#now() >= this.#end;
  }

  /** Resolves in a later turn of the event loop, at the beginning of a new slice. */
  async next(): Promise<void> {
    await setImmediate();
    this.#end = this.#now() + SLICE_MS;
  }
}

/** Runs steps to their end, and lets others have a turn between them. */
export async function inSlices<T>(steps: Steps<T>, slice: TimeSlice = new TimeSlice()): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slice.isOver) await slice.next();
  }
}

/** `items.map(change)`, between whose items others have a turn. */
export async function mapInSlices<T, U>(items: readonly T[], change: (item: T) => U): Promise<U[]> {
  const slice = new TimeSlice();
  const changed: U[] = [];
  for (const item of items) {
    changed.push(change(item));
    if (slice.isOver) await slice.next();
  }
  return changed;
}
