import type { News, NewsKey } from '../../db/ledger/outbox.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { type Broker, BrokerUnavailableError, portfolioLog } from '../core/broker.ts';

export interface OutboxOptions {
  broker: Broker;
  clock: Clock;
  logger: Logger;
  /** What was written before a time and has not been told, oldest first: `untoldNews(db, …)`. */
  untold: (before: number, limit: number) => Promise<readonly News[]>;
  /** `dropNews(db, …)` */
  drop: (keys: readonly NewsKey[]) => Promise<void>;
}

/** Events of one publish at most: a batch of 10,000 fills must not become one message of several megabytes. */
const CHUNK = 500;
/** How often it is looked for what nobody has told. */
const SWEEP_MS = 1_000;
/** Who has written it tells it at once: so old, it was left behind. */
const LEFT_BEHIND_MS = 2_000;
/** News read at a time: each may hold thousands of records. */
const PAGE = 20;
/** What was told is taken out for many at once. */
const DROP_MS = 50;

/**
 * Tells the portfolios' logs what has happened in the ledgers, surely and once. News is written in the transaction that
 * it is about, so none is lost with the node or with the broker away; and it has a name in the log, so none is told
 * twice by two nodes, or by one that does not know whether it was.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #cancelSweep: () => void;
  #told: NewsKey[] = [];
  #cancelDrop: (() => void) | null = null;
  #dropping: Promise<void> = Promise.resolve();
  #sweeping: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#cancelSweep = options.clock.every(SWEEP_MS, () => this.#sweepNow(LEFT_BEHIND_MS));
    // What this node has left behind when it went down is told as it comes back.
    this.#sweepNow(0);
  }

  /** Tells what has just been committed. With the broker away it is told later: the change stays acknowledged. */
  async tell(news: News): Promise<void> {
    const { portfolioId, version, records } = news;
    if (records.length === 0) return;
    try {
      await this.#publish(news);
      this.#told.push({ portfolioId, version });
      this.#cancelDrop ??= this.#options.clock.after(DROP_MS, () => this.#drop());
    } catch (error) {
      if (!(error instanceof BrokerUnavailableError)) throw error;
      this.#options.logger.warn(
        { portfolioId, version },
        'the broker is away: a ledger change is told later',
      );
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep();
    await this.#sweeping;
    this.#cancelDrop?.();
    this.#drop();
    await this.#dropping;
  }

  async #publish({ portfolioId, version, records }: News): Promise<void> {
    for (let start = 0; start < records.length; start += CHUNK) {
      const batch = records.slice(start, start + CHUNK).map((data) => ({ data }));
      await this.#options.broker.publish(portfolioLog(portfolioId), batch, { once: `${version}.${start}` });
    }
  }

  #drop(): void {
    this.#cancelDrop = null;
    const told = this.#told;
    if (told.length === 0) return;
    this.#told = [];
    const { drop, logger } = this.#options;
    this.#dropping = this.#dropping
      .then(() => drop(told))
      // It will be found by a sweep, and the log knows it.
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'told news could not be taken out of the outbox'),
      );
  }

  #sweepNow(ageMs: number): void {
    const { logger } = this.#options;
    this.#sweeping ??= this.#sweep(ageMs)
      .catch((error: unknown) => {
        const isAway = error instanceof BrokerUnavailableError;
        if (!isAway) logger.warn({ err: error }, 'the outbox could not be swept, trying again');
      })
      .finally(() => {
        this.#sweeping = null;
      });
  }

  async #sweep(ageMs: number): Promise<void> {
    const { clock, untold, drop, logger } = this.#options;
    const before = clock.now() - ageMs;
    let found: readonly News[];
    do {
      found = await untold(before, PAGE);
      for (const news of found) await this.#publish(news);
      // Failing ends the sweep: the next one would find the same.
      await drop(found);
      if (found.length > 0) logger.info({ count: found.length }, 'told what had been left in the outbox');
    } while (found.length === PAGE && !this.#isClosed);
  }
}
