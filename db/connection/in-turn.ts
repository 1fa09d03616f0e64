/** Runs statements one behind the other. */
export interface Turns {
  /** Runs it when those before are through; not at all, but failing likewise, when one of them has failed. */
  run: <T>(statement: () => Promise<T>) => Promise<T>;
  /** Of those so far. @throws what the first that failed has thrown */
  done: () => Promise<unknown>;
}

/**
 * Queues the statements of one transaction while the caller goes on with other work: its connection takes one at a
 * time.
 */
export function inTurn(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(statement) {
      const result = last.then(statement);
      last = result;
      // It is awaited later: until then a failure must not count as unhandled.
      result.catch(() => undefined);
      return result;
    },
    done: () => last,
  };
}
