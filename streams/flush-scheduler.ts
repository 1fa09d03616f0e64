import type { Clock } from '../lib/clock.ts';

export interface Flushable {
  /** When it last wrote, by the monotonic clock. */
  readonly lastFlush: number;
  flush(): void;
}

/**
 * Adaptive flush window: a connection that was idle writes at once (after the batch being delivered), a busy one
 * gathers for at most the window. Two shared lists, not a timer per connection.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #now: Set<Flushable> = new Set();
  readonly #later: Set<Flushable> = new Set();
  readonly windowMs: number;
  #cancelNow: (() => void) | null = null;
  #cancelLater: (() => void) | null = null;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.windowMs = windowMs;
  }

  request(item: Flushable): void {
    if (this.#now.has(item) || this.#later.has(item)) return;
    const sinceFlush = this.#clock.monotonic() - item.lastFlush;
    if (sinceFlush >= this.windowMs) {
      this.#now.add(item);
      this.#cancelNow ??= this.#clock.after(0, () => {
        this.#cancelNow = null;
        this.#run(this.#now);
      });
    } else {
      this.#later.add(item);
      // The window began with the last write: whoever joins a list that is already due waits even less.
      this.#cancelLater ??= this.#clock.after(this.windowMs - sinceFlush, () => {
        this.#cancelLater = null;
        this.#run(this.#later);
      });
    }
  }

  cancel(item: Flushable): void {
    this.#now.delete(item);
    this.#later.delete(item);
  }

  close(): void {
    this.#cancelNow?.();
    this.#cancelLater?.();
    this.#now.clear();
    this.#later.clear();
  }

  #run(set: Set<Flushable>): void {
    const items = [...set];
    set.clear();
    for (const item of items) item.flush();
  }
}
