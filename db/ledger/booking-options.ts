import type { Clock } from '../../lib/clock.ts';
import type { PositionOptions } from './refold.ts';
import type { StoredEntry } from './stored-entry.ts';

/** A change of entries of a ledger, about to be committed. */
export interface EntriesMove {
  subject: 'entries';
  change: 'booked' | 'changed' | 'removed';
  /** Of the ledger, after it. */
  version: number;
  /** As they are now; those removed as they were. */
  entries: readonly StoredEntry[];
}

export interface BookingOptions extends PositionOptions {
  clock: Clock;
  /**
   * What is to be published about it: JSON texts. They are in the outbox if and only if the change is in the ledger, and
   * given back as a message, to be published once it is committed.
   */
  records?: (move: EntriesMove) => string[];
  /** Told each new entry and its place in the batch; throws to have nothing booked. What is a duplicate is not asked about. */
  admit?: (entry: StoredEntry, index: number) => void;
  /** Different tags that the portfolio may have; left out: any number. */
  tagLimit?: number;
  /** Different assets that the portfolio may have; left out: any number. */
  assetLimit?: number;
}
