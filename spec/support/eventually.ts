import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';

/** Less than mocha gives a test, so that the failure names what did not happen. */
const PATIENCE_MS = 50_000;

/** A wait that nobody awaits any longer must not keep the process alive. */
const clock: Clock = {
  ...systemClock,
  after(ms, task) {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

function isTruthy<T>(value: T): value is Truthy<T> {
  return Boolean(value);
}

export interface EventuallyOptions {
  /** Default: 50 seconds. */
  withinMs?: number;
  /** Pause between two checks; `0`: one turn of the event loop. Default 5. */
  everyMs?: number;
}

/**
 * For what no event announces: checks again and again until the result is truthy.
 * @param what completes the message `… took longer than 50000 ms`
 * @returns that result
 * @throws DeadlineError, or at once what the check throws
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  what: string,
  { withinMs = PATIENCE_MS, everyMs = 5 }: EventuallyOptions = {},
): Promise<Truthy<T>> {
  let isOver = false;
  async function poll(): Promise<Truthy<T>> {
    for (;;) {
      const value = await check();
      if (isTruthy(value)) return value;
      // The deadline has passed, and nobody reads this.
      if (isOver) throw new Error(what);
      await (everyMs === 0 ? nextTurn() : pause(everyMs));
    }
  }
  try {
    return await within(poll(), what, withinMs);
  } finally {
    isOver = true;
  }
}

/** Gives a promise a deadline. @throws DeadlineError */
export function within<T>(task: Promise<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  return withDeadline(task, { clock, ms, what });
}
