/** Runs a task when its turn comes. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** At most `max` tasks run at once; the others wait in the order in which they came. */
export function limitConcurrency(max: number): Limiter {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function run(task) {
    if (running < max) running += 1;
    // Whoever has finished passes the place on.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
