import type { Clock } from '../clock.ts';

/** After a failure Redis is left alone so long: a frozen one would hold every request up. */
const BREAK_MS = 1_000;

/** Asks something that may be away, and not again for a moment when it has not answered. */
export class Breaker {
  readonly #clock: Clock;
  #closedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns `otherwise` when it fails, or did so a moment ago */
  async ask<T, U>(question: () => Promise<T>, otherwise: U): Promise<T | U> {
    if (this.#clock.monotonic() < this.#closedAt) return otherwise;
    try {
      return await question();
    } catch {
      // The connection itself tells of it in the log, once.
      this.#closedAt = this.#clock.monotonic() + BREAK_MS;
      return otherwise;
    }
  }
}
