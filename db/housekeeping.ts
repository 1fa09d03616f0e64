import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { trimAudit } from './audit.ts';
import type { Database } from './database.ts';
import { pruneEquitySnapshots } from './equity-snapshots.ts';
import { deleteExpiredSessions } from './sessions.ts';

const INTERVAL_MS = 600_000;
const DAY_MS = 86_400_000;
/** The curve of longer spans is made of the ledger and stored closes. */
const EQUITY_DAYS = 7;

/** Keeps the tables bounded that grow by being used. Several nodes may do it at once. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #cancel: () => void;
  #running: Promise<void> | null = null;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#cancel = options.clock.every(INTERVAL_MS, () => void this.run());
  }

  /** Goes once over everything; a run that is under way is not doubled. */
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
    const { db, clock, logger, auditDays, auditRows } = this.#options;
    try {
      await deleteExpiredSessions(db, { clock });
      await pruneEquitySnapshots(db, clock.now() - EQUITY_DAYS * DAY_MS);
      await trimAudit(db, { before: clock.now() - auditDays * DAY_MS, rows: auditRows });
    } catch (error) {
      logger.warn({ err: error }, 'housekeeping failed, trying again later');
    }
  }
}

export interface HousekeepingOptions {
  db: Database;
  clock: Clock;
  logger: Logger;
  /** How long, and how many events, the audit log keeps. */
  auditDays: number;
  auditRows: number;
}
