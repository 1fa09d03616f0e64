import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logging/log.ts';
import { trimAudit } from './users/audit.ts';
import type { Database } from './connection/database.ts';
import { fenced } from './connection/fence.ts';
import { allowTime, LONG_WORK_MS } from './connection/time-limit.ts';
import { pruneEquitySnapshots } from './history/equity-snapshots.ts';
import { deleteExpiredSessions } from './users/sessions.ts';
import { deleteExpiredSubscriptions } from './users/stream-subscriptions.ts';

const INTERVAL_MS = 600_000;
const DAY_MS = 86_400_000;
/** The curve of longer spans is computed from the ledger and stored closes. */
const EQUITY_DAYS = 7;

/** The lease under which it is done. */
export const HOUSEKEEPING = 'housekeeping';

/** Keeps tables that grow with use bounded, on one node at a time. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #cancel: () => void;
  #running: Promise<void> | null = null;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#cancel = options.clock.every(INTERVAL_MS, () => void this.run());
  }

  /** Runs everything once; a run that is under way is not started again. */
  run(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#cancel();
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { db, clock, logger, auditDays, auditRows, lease: take } = this.#options;
    try {
      const lease = await take();
      // Another node is at it.
      if (lease === null) return;
      const lawful = { name: HOUSEKEEPING, fence: lease.fence };
      const sweep = (task: (trx: Database) => Promise<unknown>): Promise<unknown> =>
        fenced(db, lawful, async (trx) => {
          await allowTime(trx, LONG_WORK_MS);
          return await task(trx);
        });
      try {
        await sweep((trx) => deleteExpiredSessions(trx, { clock }));
        await sweep((trx) => deleteExpiredSubscriptions(trx, { clock }));
        await sweep((trx) => pruneEquitySnapshots(trx, clock.now() - EQUITY_DAYS * DAY_MS));
        const limits = { before: clock.now() - auditDays * DAY_MS, rows: auditRows };
        await sweep((trx) => trimAudit(trx, limits));
      } finally {
        await lease.release();
      }
    } catch (error) {
      logger.warn({ err: error }, 'housekeeping failed, trying again later');
    }
  }
}

export interface HousekeepingOptions {
  db: Database;
  clock: Clock;
  logger: Logger;
  /** The right to do it: `() => leases.acquire(HOUSEKEEPING)`. */
  lease: () => Promise<{ fence: number; release(): Promise<void> } | null>;
  /** How long, and how many events, the audit log keeps. */
  auditDays: number;
  auditRows: number;
}
