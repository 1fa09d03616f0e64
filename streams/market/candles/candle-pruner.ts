import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';

const EVERY_MS = 3_600_000;

export interface CandlePrunerOptions {
  /** Deletes candles that are too old. Default: all are kept. */
  prune: ((fence: number) => Promise<unknown>) | undefined;
  clock: Clock;
  log: Logger;
}

/** Deletes old candles once an hour. */
export class CandlePruner {
  readonly #options: CandlePrunerOptions;
  #dueAt = 0;
  #pruning: Promise<void> | null = null;

  constructor(options: CandlePrunerOptions) {
    this.#options = options;
  }

  /** Starts pruning if it is due. */
  pruneIfDue(fence: number): void {
    const { prune, clock, log } = this.#options;
    if (prune === undefined || this.#pruning !== null || clock.now() < this.#dueAt) return;
    this.#dueAt = clock.now() + EVERY_MS;
    this.#pruning = prune(fence)
      .then(
        (pruned) => log.debug({ pruned }, 'old candles are pruned'),
        (error: unknown) => log.warn({ err: error }, 'old candles cannot be pruned, trying again in an hour'),
      )
      .finally(() => {
        this.#pruning = null;
      });
  }

  /** Resolves when nothing is being pruned. */
  async idle(): Promise<void> {
    await this.#pruning;
  }
}
