import { setImmediate } from 'node:timers/promises';

/** How long one piece of work may hold the event loop, in milliseconds. */
export const SLICE_MS = 8;

/**
 * Divides long work on the event loop. The work asks after each step whether its slice is over, and then lets timers,
 * sockets and other requests have a turn:
 *
 * ```ts
 * const slice = new TimeSlice();
 * for (const item of items) {
 *   work(item);
 *   if (slice.isOver) await slice.next();
 * }
 * ```
 *
 * Time and not a number of steps decides, since what a step costs depends on the data.
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
