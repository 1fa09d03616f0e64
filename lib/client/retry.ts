import { MarktideError } from './problem.js';

/** A failed attempt, and the next one. */
export interface Retry {
  /** Failures in a row: 1 for the first. */
  attempt: number;
  /** Until the next attempt, in milliseconds. */
  waitMs: number;
  /** A `MarktideError` if the server responded; otherwise what `fetch` threw. */
  cause: Error;
}

/** Request Timeout, Too Early and Too Many Requests. */
const PASSING = new Set([408, 425, 429]);
/** The longest delay that `setTimeout` supports. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Whether the same request would be refused again, however often it is repeated. */
export function isFinal(error: unknown): error is MarktideError {
  return (
    error instanceof MarktideError && error.status >= 400 && error.status < 500 && !PASSING.has(error.status)
  );
}

/** Longer after each failure, spread over clients, and never shorter than the server has asked for. */
export function waitOf(
  { attempt, retryMs, cause }: { attempt: number; retryMs: number; cause: Error | null },
  { random, longestWaitMs }: { random: () => number; longestWaitMs: number },
): number {
  const longest = Math.min(longestWaitMs, retryMs * 2 ** Math.min(attempt, 5));
  // The server has already spread the time it asks for.
  if (cause === null) return longest;
  const backOff = longest / 2 + (random() * longest) / 2;
  const asked = cause instanceof MarktideError ? (cause.retryAfterMs ?? 0) : 0;
  return Math.min(LONGEST_TIMER_MS, Math.max(backOff, asked * (1 + random() / 4)));
}

/** Resolves after a time, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

/**
 * Resolves to what the promise does.
 * @throws if that takes longer, or the signal aborts
 */
export async function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const timeout = pause(ms, AbortSignal.any([signal, done.signal])).then(() => {
    throw new Error(`The server has not answered for ${ms / 1000} seconds.`);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    timeout.catch(() => undefined);
    done.abort();
  }
}
