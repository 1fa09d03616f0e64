import type { Clock } from '../../../lib/clock.ts';
import { withDeadline } from '../../../lib/async/deadline.ts';

/** How long a request waits for its turn. */
const TURN_MS = 5_000;

/** Publishes one batch after the other, so that records enter the log in the order in which they were made. */
export class PublishTurns {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#last.then(task);
    this.#last = run.catch(() => undefined);
    return run;
  }

  /**
   * The same for a request: behind ticks that wait for the broker, its turn may never come.
   * @throws DeadlineError, and the task is then never run
   */
  async takeSoon<T>(task: () => Promise<T>): Promise<T> {
    const waiting = new AbortController();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const done = this.take(async () => {
      waiting.signal.throwIfAborted();
      begin();
      return await task();
    });
    done.catch(() => undefined);
    try {
      await withDeadline(begun, { clock: this.#clock, ms: TURN_MS, what: 'the turn to publish' });
    } catch (error) {
      waiting.abort(error);
      throw error;
    }
    return await done;
  }

  /** Resolves when all turns taken so far are over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
