import { type Clock, systemClock } from '../../lib/clock.ts';

/** The system's clock, whose timers of one length run when the test says so, and not before. */
export class PauseClock implements Clock {
  readonly #ms: number;
  #paused = new Set<() => void>();
  readonly now = systemClock.now;
  readonly monotonic = systemClock.monotonic;
  readonly every = systemClock.every;

  /** @param ms the length of the timers that are kept */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** How many of them are set. */
  get pending(): number {
    return this.#paused.size;
  }

  after(ms: number, task: () => void): () => void {
    if (ms !== this.#ms) return systemClock.after(ms, task);
    const own = (): void => task();
    this.#paused.add(own);
    return () => {
      this.#paused.delete(own);
    };
  }

  /** Their time has come. */
  elapse(): void {
    const due = this.#paused;
    this.#paused = new Set();
    for (const task of due) task();
  }
}
