import { encodeRecord } from '../../streams/channels/record-codec.ts';
import type { EntriesMove, ValuationMove } from '../../db/ledger/positions/booking-options.ts';
import type { RemovalMove } from '../../db/ledger/removal.ts';
import type { ImportMove } from '../../db/import/import-booking.ts';
import type { OutboxMessage } from '../../db/ledger/portfolios/outbox.ts';
import type { PortfolioMove } from '../../db/ledger/portfolio-changes.ts';
import type { Clock } from '../../lib/clock.ts';
import { problem } from '../../lib/problem.ts';
import { NoSlotError, type Slot, type Slots } from '../../lib/async/slots.ts';
import type { PortfolioRecord } from '../../streams/channels/record.ts';
import { entryBody } from './entry-body.ts';
import { portfolioSettingsBody } from './portfolio-body.ts';
import type { Services } from '../http/handler-services.ts';
import { tradeBody } from './trade-body.ts';
import { isShownTransfer, transferBody } from './transfer-body.ts';

export type LedgerMove = EntriesMove | ImportMove | PortfolioMove | RemovalMove | ValuationMove;

/** What the functions of `db/` that change a ledger need. */
export interface LedgerChangeOptions {
  clock: Clock;
  records: (move: LedgerMove) => string[];
  /** Whoever reads the ledger next finds new entries valued. */
  valuesAtOnce: true;
}

/** What a change returns to be published; `null` if there was nothing to change. */
type Changed =
  | { message: OutboxMessage | null; following?: readonly OutboxMessage[] }
  | { messages: readonly OutboxMessage[] }
  | null;

/** How long a change waits for others of the same portfolio to finish. */
const WAIT_MS = 10_000;

/**
 * Changes a ledger and publishes the change; every route must use this. The messages are written in the transaction of
 * the change, so a committed change is published sooner or later. Changes of one portfolio wait for each other in the
 * database. Only a few of them hold a connection while they wait, so that a portfolio whose lock is stuck never uses up
 * the pool.
 * @param change calls a function of `db/` with the options it is given
 * @throws Problem `unavailable`
 */
export async function changeLedger<T extends Changed>(
  services: Pick<Services, 'clock' | 'outbox' | 'lateRates' | 'slots'>,
  portfolioId: string,
  change: (options: LedgerChangeOptions) => Promise<T>,
): Promise<T> {
  return await changeLedgers(services, async (options) => {
    const slot = await changeSlot(services.slots.changes, portfolioId);
    try {
      return await change(options);
    } finally {
      slot.release();
    }
  });
}

/** Like `changeLedger`, for a change of several portfolios at once. */
export async function changeLedgers<T extends Changed>(
  { clock, outbox, lateRates }: Pick<Services, 'clock' | 'outbox'> & Partial<Pick<Services, 'lateRates'>>,
  change: (options: LedgerChangeOptions) => Promise<T>,
): Promise<T> {
  const changed = await change({ clock, records: recordsOf, valuesAtOnce: true });
  const messages = messagesOf(changed);
  await Promise.all(messages.map((message) => outbox.publish(message)));
  // What was booked may lack a rate, or provide the price for something that does.
  if (messages.length > 0) lateRates?.look();
  return changed;
}

async function changeSlot(slots: Slots, portfolioId: string): Promise<Slot> {
  try {
    return await slots.wait(portfolioId, WAIT_MS);
  } catch (error) {
    if (!(error instanceof NoSlotError)) throw error;
    throw problem('unavailable', {
      detail: 'Earlier changes of this portfolio are still under way. Nothing was changed; try again later.',
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  }
}

/** How many entries an event about many lists. */
const NAMED = 20;

function messagesOf(changed: Changed): readonly OutboxMessage[] {
  if (changed === null) return [];
  if ('messages' in changed) return changed.messages;
  const { message, following = [] } = changed;
  return message === null ? following : [message, ...following];
}

function recordsOf(move: LedgerMove): string[] {
  return portfolioRecords(move).map((record) => encodeRecord(record));
}

function portfolioRecords(move: LedgerMove): PortfolioRecord[] {
  const { version } = move;
  if (move.subject === 'portfolio') {
    const { change, portfolio } = move;
    return [{ type: 'portfolio', change, version, portfolio: portfolioSettingsBody(portfolio) }];
  }
  if (move.subject === 'import') {
    const { importId, count } = move;
    return [{ type: 'fill', change: 'imported', version, importId, count }];
  }
  if (move.subject === 'removal') {
    const { accountId, count } = move;
    return [{ type: 'fill', change: 'disconnected', version, accountId, count }];
  }
  if (move.subject === 'valuation') {
    const ids = move.entries.map(({ id }) => id);
    return [{ type: 'valuation', version, count: ids.length, entries: ids.slice(0, NAMED) }];
  }
  const { change, entries } = move;
  return entries.map((entry): PortfolioRecord => {
    if (entry.kind === 'trade') return { type: 'fill', change, version, trade: tradeBody(entry) };
    return isShownTransfer(entry)
      ? { type: 'transfer', change, version, transfer: transferBody(entry) }
      : { type: 'entry', change, version, entry: entryBody(entry) };
  });
}
