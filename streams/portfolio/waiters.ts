import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';

interface Waiter {
  isMet: () => boolean;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Waits for conditions, which are evaluated whenever `check` is called. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiter>();
  #closed: Error | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the condition holds at the next `check` or a later one.
   * @throws DeadlineError, or the error that `close` was given
   */
  async until(isMet: () => boolean, { ms, what }: { ms: number; what: string }): Promise<void> {
    if (this.#closed !== null) throw this.#closed;
    let waiter: Waiter | undefined;
    const met = new Promise<void>((resolve, reject) => {
      waiter = { isMet, resolve, reject };
      this.#waiting.add(waiter);
    });
    try {
      await withDeadline(met, { clock: this.#clock, ms, what });
    } finally {
      if (waiter !== undefined) this.#waiting.delete(waiter);
    }
  }

  check(): void {
    for (const { isMet, resolve } of this.#waiting) if (isMet()) resolve();
  }

  close(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#waiting) reject(error);
  }
}
