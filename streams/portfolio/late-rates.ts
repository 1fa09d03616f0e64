import { setImmediate } from 'node:timers/promises';
import type { Revaluable } from '../../db/ledger/late-rates.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { Lease } from '../core/lease.ts';

export interface LateRatesOptions {
  clock: Clock;
  logger: Logger;
  /** The right to do it: one node at a time. `null`: another node has it. */
  lease: () => Promise<Pick<Lease, 'release'> | null>;
  /** `findRevaluable(db, …)` */
  find: (cursor: string | null, limit: number) => Promise<Revaluable>;
  /** `valueEntries(db, …)`, and publishing the result. */
  value: (portfolioId: string, ids: readonly string[]) => Promise<unknown>;
}

export const LATE_RATES = 'late-rates';

/** How often it looks for prices that came in unannounced. */
const INTERVAL_MS = 5_000;
/** Many changes in a row lead to one look. */
const GATHER_MS = 50;
/** Entries looked at together. */
const PAGE = 500;
/** Pages of one look, after a change that may price anything: the rest follows with the interval. */
const PAGES = 40;

/**
 * Values entries that lack a rate as soon as one is known: shortly after prices were loaded or trades booked, and by
 * going through all of them in turn. The remaining entries cost at most a page of probes each interval.
 */
export class LateRates {
  readonly #options: LateRatesOptions;
  readonly #warnings: RepeatedLog;
  readonly #cancel: () => void;
  #cursor: string | null = null;
  #running: Promise<void> | null = null;
  #cancelLook: (() => void) | null = null;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(options: LateRatesOptions) {
    this.#options = options;
    this.#warnings = new RepeatedLog(options.logger, options.clock);
    this.#cancel = options.clock.every(INTERVAL_MS, () => this.#run(1));
  }

  /** Prices or trades have come in: looks through everything shortly. */
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
    const { lease: take, find, value } = this.#options;
    try {
      const lease = await take();
      // The node that holds it looks at the same entries, at its next interval at the latest.
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
      this.#warnings.warn(
        { err: error },
        'could not look for rates of entries, trying again later',
        causeOf(error),
      );
    }
  }
}
