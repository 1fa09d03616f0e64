import type { Clock } from '../clock.ts';

export interface Flushable {
  /** When it last wrote, by the monotonic clock. */
  readonly lastFlush: number;
  /** The longest it gathers events while busy, in milliseconds. `null`: the scheduler's window. */
  readonly flushMs: number | null;
  flush(): void;
}

interface Lane {
  items: Set<Flushable>;
  cancel: () => void;
}

/** After writing for this long, the rest waits for the next turn of the event loop. */
const TURN_MS = 8;

/**
 * Adaptive flush window: an idle connection writes at once, after the batch that is being delivered; a busy one gathers
 * events for its window at most. There is one timer per window in use, not per connection.
 */
export class FlushScheduler {
  readonly #clock: Clock;
  /** To be written in the next turn, in order; what does not fit into a turn waits for the following one. */
  readonly #due = new Set<Flushable>();
  /** Gathering, by window. */
  readonly #lanes = new Map<number, Lane>();
  readonly windowMs: number;
  #cancelTurn: (() => void) | null = null;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.windowMs = windowMs;
  }

  request(item: Flushable): void {
    const windowMs = item.flushMs ?? this.windowMs;
    const lane = this.#lanes.get(windowMs);
    if (this.#due.has(item) || lane?.items.has(item) === true) return;
    const sinceFlush = this.#clock.monotonic() - item.lastFlush;
    if (sinceFlush >= windowMs) {
      // After the batch that is being delivered.
      this.#due.add(item);
      this.#scheduleTurn();
    } else if (lane !== undefined) {
      // The window began with an earlier write, so this item waits even less.
      lane.items.add(item);
    } else {
      const cancel = this.#clock.after(windowMs - sinceFlush, () => this.#run(windowMs));
      this.#lanes.set(windowMs, { items: new Set([item]), cancel });
    }
  }

  cancel(item: Flushable): void {
    this.#due.delete(item);
    this.#lanes.get(item.flushMs ?? this.windowMs)?.items.delete(item);
  }

  close(): void {
    this.#cancelTurn?.();
    for (const { cancel } of this.#lanes.values()) cancel();
    this.#lanes.clear();
    this.#due.clear();
  }

  #run(windowMs: number): void {
    const lane = this.#lanes.get(windowMs);
    this.#lanes.delete(windowMs);
    for (const item of lane?.items ?? []) this.#due.add(item);
    // Items left over from the last turn come first.
    if (this.#cancelTurn === null) this.#takeTurn();
  }

  #scheduleTurn(): void {
    this.#cancelTurn ??= this.#clock.after(0, () => {
      this.#cancelTurn = null;
      this.#takeTurn();
    });
  }

  #takeTurn(): void {
    const start = this.#clock.monotonic();
    for (const item of this.#due) {
      this.#due.delete(item);
      item.flush();
      if (this.#due.size > 0 && this.#clock.monotonic() - start >= TURN_MS) {
        this.#scheduleTurn();
        return;
      }
    }
  }
}
