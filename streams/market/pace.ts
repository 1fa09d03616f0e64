/** No silence is shorter than this, however fast ticks usually come. */
const PATIENCE_MS = 60_000;
/** How many times the usual interval may pass without a tick. */
const INTERVALS = 20;
/** How much the newest interval counts in the mean. */
const WEIGHT = 0.1;

/** How fast ticks come, and whether they have stopped. All times are milliseconds of one clock. */
export class Pace {
  #last: number | null = null;
  #mean: number | null = null;

  /** Ticks that arrive together are one arrival. */
  arrived(now: number): void {
    if (this.#last !== null && now > this.#last) {
      const interval = now - this.#last;
      this.#mean = this.#mean === null ? interval : this.#mean + WEIGHT * (interval - this.#mean);
    }
    this.#last = Math.max(this.#last ?? now, now);
  }

  /** Whether nothing has come for longer than the pace explains. @param start when ticks were first expected */
  isOverdue(now: number, start: number): boolean {
    const patience = Math.max(PATIENCE_MS, INTERVALS * (this.#mean ?? 0));
    return now - Math.max(start, this.#last ?? start) > patience;
  }
}
