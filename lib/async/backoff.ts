import type { Clock, Random } from '../clock.ts';

/** Resolves after `ms`, or at once when the signal is aborted: the caller must check the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

export interface Backoff {
  /** The next delay in milliseconds. */
  next(): number;
  /** Waits for the next delay; ends early when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  /** It worked: start from the shortest delay again. */
  reset(): void;
}

/**
 * Exponential back-off with full jitter: uniform in [0, min(cap, base × 2ⁿ)), so that clients that failed together do
 * not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export function backoff(
  clock: Clock,
  random: Random,
  { baseMs = 500, capMs = 30_000 }: { baseMs?: number; capMs?: number } = {},
): Backoff {
  let ceiling = baseMs;
  const next = (): number => {
    const delay = Math.floor(random() * ceiling);
    ceiling = Math.min(capMs, ceiling * 2);
    return delay;
  };
  return {
    next,
    wait: (signal) => pause(clock, next(), signal),
    reset() {
      ceiling = baseMs;
    },
  };
}
