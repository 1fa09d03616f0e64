import type { Clock } from '../../../lib/clock.ts';
import type { Database } from '../../connection/database.ts';
import type { PositionOptions } from './refold.ts';
import type { StoredEntry } from '../entries/stored-entry.ts';

/** A change of a ledger's entries that is about to be committed. */
export interface EntriesMove {
  subject: 'entries';
  change: 'booked' | 'changed' | 'removed';
  /** Of the ledger, after it. */
  version: number;
  /** As they are now; removed ones as they were. */
  entries: readonly StoredEntry[];
}

/** Entries that got another value without being changed otherwise, about to be committed. */
export interface ValuationMove {
  subject: 'valuation';
  /** Of the ledger, after it. */
  version: number;
  entries: readonly StoredEntry[];
}

export interface BookingOptions extends PositionOptions {
  clock: Clock;
  /**
   * What is to be published about it: JSON texts. They are stored in the outbox if and only if the change is committed,
   * and returned as a message to publish after that.
   */
  records?: (move: EntriesMove | ValuationMove) => string[];
  /**
   * Called with each new entry and its position in the batch; throws to prevent the booking. It is not called for
   * duplicates.
   */
  admit?: (entry: StoredEntry, index: number) => void;
  /**
   * Called with all new entries and their positions in the batch, in the transaction; throws to prevent the booking. It
   * is not called without any.
   */
  inspect?: (trx: Database, booked: readonly { entry: StoredEntry; index: number }[]) => Promise<void>;
  /** Whether new entries are valued by the ledger's own trades at once, instead of a moment later. */
  valuesAtOnce?: boolean;
  /** How many different tags the portfolio may have; unlimited if absent. */
  tagLimit?: number;
  /** How many different assets the portfolio may have; unlimited if absent. */
  assetLimit?: number;
}
