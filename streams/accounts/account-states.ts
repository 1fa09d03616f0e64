import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { portfolioLog } from '../channels/logs.ts';
import { encodeRecord } from '../channels/record-codec.ts';
import type { Broker } from '../core/broker.ts';

/**
 * The minimum interval between the events of one portfolio's accounts, so that they fit its ring however fast
 * pages arrive.
 */
const INTERVAL_MS = 500;

export interface AccountStatesOptions {
  broker: Pick<Broker, 'publish'>;
  clock: Clock;
  logger: Logger;
  /** The body of the `accounts:` channel; `null` if the portfolio is deleted. */
  body: (portfolioId: string) => Promise<object | null>;
}

/**
 * Publishes the accounts of a portfolio on its `accounts:` channel: the first change at once, further ones at
 * intervals.
 */
export class AccountStates {
  readonly #options: AccountStatesOptions;
  /** Portfolios within their interval, and whether they have changed again. */
  readonly #waiting = new Map<string, { cancel: () => void; isDue: boolean }>();
  readonly #publishing = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: AccountStatesOptions) {
    this.#options = options;
  }

  publish(portfolioId: string): void {
    if (this.#isClosed) return;
    const waiting = this.#waiting.get(portfolioId);
    if (waiting !== undefined) {
      waiting.isDue = true;
      return;
    }
    const turn = {
      isDue: false,
      cancel: this.#options.clock.after(INTERVAL_MS, () => {
        this.#waiting.delete(portfolioId);
        if (turn.isDue) this.publish(portfolioId);
      }),
    };
    this.#waiting.set(portfolioId, turn);
    const publishing = this.#publish(portfolioId).finally(() => this.#publishing.delete(publishing));
    this.#publishing.add(publishing);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { cancel } of this.#waiting.values()) cancel();
    await Promise.all(this.#publishing);
  }

  /** Never rejects. */
  async #publish(portfolioId: string): Promise<void> {
    const { broker, logger, body } = this.#options;
    try {
      const accounts = await body(portfolioId);
      if (accounts === null) return;
      const data = encodeRecord({ type: 'accounts', body: accounts });
      await broker.publish(portfolioLog(portfolioId), [{ key: 'accounts', data }]);
    } catch (error) {
      logger.warn({ err: error, portfolioId }, 'the state of accounts could not be published');
    }
  }
}
