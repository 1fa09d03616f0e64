import type { Clock } from '../clock.ts';
import type { Counters, Usage, Window } from './counters.ts';
import type { Logger } from '../log.ts';

/** After a failure the shared counters are left alone so long: a frozen server would hold every request up. */
const RETRY_MS = 1_000;

/**
 * Shared counters, and local ones that count along: when the shared ones are away these go on from what this node has
 * seen, so that nothing is let through unlimited and no request fails or waits for it.
 */
export class InsuredCounters implements Counters {
  readonly #shared: Counters;
  readonly #local: Counters;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #retryAt = Number.NEGATIVE_INFINITY;
  #isAway = false;

  constructor({
    shared,
    local,
    clock,
    logger,
  }: {
    shared: Counters;
    local: Counters;
    clock: Clock;
    logger: Logger;
  }) {
    this.#shared = shared;
    this.#local = local;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Whether the shared counters answered last time. */
  get isShared(): boolean {
    return !this.#isAway;
  }

  async take(window: Window, key: string): Promise<Usage> {
    const own = await this.#local.take(window, key);
    return (await this.#try(() => this.#shared.take(window, key))) ?? own;
  }

  async giveBack(window: Window, key: string): Promise<void> {
    await this.#local.giveBack(window, key);
    await this.#try(() => this.#shared.giveBack(window, key));
  }

  async forget(window: Window, key: string): Promise<void> {
    await this.#local.forget(window, key);
    await this.#try(() => this.#shared.forget(window, key));
  }

  /** @returns `null` when the shared counters are away, or were a moment ago */
  async #try<T>(ask: () => Promise<T>): Promise<T | null> {
    const now = this.#clock.monotonic();
    if (now < this.#retryAt) return null;
    // One request tries whether they are back; the others do not wait for it.
    if (this.#isAway) this.#retryAt = now + RETRY_MS;
    try {
      const answer = await ask();
      if (this.#isAway) this.#logger.info('rate limits are shared again');
      this.#isAway = false;
      this.#retryAt = Number.NEGATIVE_INFINITY;
      return answer;
    } catch (error) {
      if (!this.#isAway) this.#logger.warn({ err: error }, 'rate limits are counted by this node alone');
      this.#isAway = true;
      this.#retryAt = this.#clock.monotonic() + RETRY_MS;
      return null;
    }
  }
}
