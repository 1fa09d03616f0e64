import { setImmediate } from 'node:timers/promises';
import type { Revaluable } from '../../db/ledger/late-rates.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import type { Lease } from '../core/lease.ts';

export interface LateRatesOptions {
  clock: Clock;
  logger: Logger;
  /** The right to do it: one node at a time. `null`: another node has it. */
  lease: () => Promise<Pick<Lease, 'release'> | null>;
  /** `findRevaluable(db, …)` */
  find: (cursor: string | null, limit: number) => Promise<Revaluable>;
  /** `valueEntries(db, …)`, and what is to be published about it. */
  value: (portfolioId: string, ids: readonly string[]) => Promise<unknown>;
}

export const LATE_RATES = 'late-rates';

/** How often it looks on, for prices that came in without anybody telling. */
const INTERVAL_MS = 5_000;
/** A stream of changes makes one look of many. */
const GATHER_MS = 50;
/** Entries looked at together. */
const PAGE = 500;
/** Pages of one look, after a change that may price anything: the rest follows with the interval. */
const PAGES = 40;

/**
 * Values entries that lacked a rate as soon as one is known: soon after prices were loaded or trades booked, and by
 * looking through all of them in turn. What is left to value costs no more than a page of probes each interval.
 */
export class LateRates {
  readonly #options: LateRatesOptions;
  readonly #cancel: () => void;
  #cursor: string | null = null;
  #running: Promise<void> | null = null;
  #cancelLook: (() => void) | null = null;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(options: LateRatesOptions) {
    this.#options = options;
    this.#cancel = options.clock.every(INTERVAL_MS, () => this.#run(1));
  }

  /** Prices or trades have come in: looks through everything in a moment. */
  look(): void {
    if (this.#isClosed) return;
    this.#cancelLook ??= this.#options.clock.after(GATHER_MS, () => {
      this.#cancelLook = null;
      if (this.#running !== null) this.#isAskedAgain = true;
      else {
        this.#cursor = null;
        this.#run(PAGES);
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    this.#cancelLook?.();
    await this.#running;
  }

  #run(pages: number): void {
    if (this.#isClosed || this.#running !== null) return;
    this.#running = this.#pass(pages).finally(() => {
      this.#running = null;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.look();
    });
  }

  /** Never rejects. */
  async #pass(pages: number): Promise<void> {
    const { lease: take, find, value, logger } = this.#options;
    try {
      const lease = await take();
      // The node that has it looks at the same entries, at the latest with its interval.
      if (lease === null) return;
      try {
        for (let page = 0; page < pages && !this.#isClosed; page += 1) {
          const { found, nextCursor } = await find(this.#cursor, PAGE);
          for (const [portfolioId, ids] of found) await value(portfolioId, ids);
          this.#cursor = nextCursor;
          if (nextCursor === null) return;
          await setImmediate();
        }
      } finally {
        await lease.release();
      }
    } catch (error) {
      logger.warn({ err: error }, 'entries without a rate could not be looked through, trying again later');
    }
  }
}
