import type { Clock } from '../clock.ts';

/** A task took too long. It may still complete. */
export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms} ms`);
    this.name = 'DeadlineError';
  }
}

export interface DeadlineOptions<T> {
  clock: Clock;
  ms: number;
  /** Names the task in the message: `the lease of the feed`. */
  what: string;
  /** Ends the wait early. */
  signal?: AbortSignal | undefined;
  /** Called with a result that arrives after the deadline, to release it. May fail. */
  late?: ((value: T) => unknown) | undefined;
}

/**
 * Waits for a promise until a deadline. The task itself continues, since it cannot be stopped from outside.
 * @throws DeadlineError, the reason of the signal, or what the task throws
 */
export function withDeadline<T>(task: Promise<T>, options: DeadlineOptions<T>): Promise<T> {
  const { clock, ms, what, signal, late } = options;
  return new Promise<T>((resolve, reject) => {
    let isOver = false;
    const stopWaiting = (): boolean => {
      if (isOver) return false;
      isOver = true;
      cancel();
      signal?.removeEventListener('abort', abort);
      return true;
    };
    const abort = (): void => {
      if (stopWaiting()) reject(signal?.reason);
    };
    const cancel = clock.after(ms, () => {
      if (stopWaiting()) reject(new DeadlineError(what, ms));
    });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    task.then(
      (value) => {
        if (stopWaiting()) resolve(value);
        else if (late !== undefined) giveBack(value, late);
      },
      (error: unknown) => {
        if (stopWaiting()) reject(error);
      },
    );
  });
}

function giveBack<T>(value: T, late: (value: T) => unknown): void {
  Promise.resolve(value)
    .then(late)
    .catch(() => undefined);
}
