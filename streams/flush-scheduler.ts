import type { Clock } from '../lib/clock.ts';

export interface Flushable {
  /** When it last wrote, by the monotonic clock. */
  readonly lastFlush: number;
  /** Longest time it gathers while it is busy, in milliseconds; `null`: as long as everybody. */
  readonly flushMs: number | null;
  flush(): void;
}

interface Lane {
  items: Set<Flushable>;
  cancel: () => void;
}

/**
 * Adaptive flush window: a connection that was idle writes at once (after the batch being delivered), a busy one
 * gathers for at most its window. A list and a timer for each window in use, not for each connection.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  readonly #now: Set<Flushable> = new Set();
  /** Those that gather, by their window. */
  readonly #lanes = new Map<number, Lane>();
  readonly windowMs: number;
  #cancelNow: (() => void) | null = null;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.windowMs = windowMs;
  }

  request(item: Flushable): void {
    const windowMs = item.flushMs ?? this.windowMs;
    const lane = this.#lanes.get(windowMs);
    if (this.#now.has(item) || lane?.items.has(item) === true) return;
    const sinceFlush = this.#clock.monotonic() - item.lastFlush;
    if (sinceFlush >= windowMs) {
      this.#now.add(item);
      this.#cancelNow ??= this.#clock.after(0, () => {
        this.#cancelNow = null;
        const items = [...this.#now];
        this.#now.clear();
        for (const each of items) each.flush();
      });
    } else if (lane !== undefined) {
      // The window began with the last write: whoever joins a list that is already due waits even less.
      lane.items.add(item);
    } else {
      const cancel = this.#clock.after(windowMs - sinceFlush, () => this.#run(windowMs));
      this.#lanes.set(windowMs, { items: new Set([item]), cancel });
    }
  }

  cancel(item: Flushable): void {
    this.#now.delete(item);
    this.#lanes.get(item.flushMs ?? this.windowMs)?.items.delete(item);
  }

  close(): void {
    this.#cancelNow?.();
    for (const { cancel } of this.#lanes.values()) cancel();
    this.#lanes.clear();
    this.#now.clear();
  }

  #run(windowMs: number): void {
    const lane = this.#lanes.get(windowMs);
    this.#lanes.delete(windowMs);
    for (const item of lane?.items ?? []) item.flush();
  }
}
