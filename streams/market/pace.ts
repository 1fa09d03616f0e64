/** No shorter silence counts, however fast ticks usually arrive. */
const PATIENCE_MS = 60_000;
/** How many times the usual interval may pass without a tick. */
const INTERVALS = 20;
/** The weight of the newest interval in the mean. */
const WEIGHT = 0.1;

/** How fast ticks arrive, and whether they have stopped. All times are milliseconds of one clock. */
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

  /** Silence counts from now on, at the pace known so far. */
  restart(now: number): void {
    this.#last = now;
  }

  /**
   * Whether nothing has arrived for longer than the pace explains.
   * @param start when ticks were first expected
   * @param factor multiple of the usual interval that is tolerated
   */
  isOverdue(now: number, start: number, factor = 1): boolean {
    const patience = factor * Math.max(PATIENCE_MS, INTERVALS * (this.#mean ?? 0));
    return now - Math.max(start, this.#last ?? start) > patience;
  }
}
