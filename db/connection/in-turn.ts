/** Runs statements one behind the other. */
export interface Turns {
  /** Runs it when the earlier ones are done; if one of them failed, fails the same way without running. */
  run: <T>(statement: () => Promise<T>) => Promise<T>;
  /** Resolves when all so far are done. @throws what the first failed one threw */
  done: () => Promise<unknown>;
}

/**
 * Queues the statements of one transaction while the caller continues with other work: its connection takes one at a
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
