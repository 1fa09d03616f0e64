import { encodeRecord } from '../../streams/channels/record-codec.ts';
import type { EntriesMove } from '../../db/ledger/ledger.ts';
import type { ImportMove } from '../../db/import/import-booking.ts';
import type { OutboxMessage } from '../../db/ledger/outbox.ts';
import type { PortfolioMove } from '../../db/ledger/portfolios.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PortfolioRecord } from '../../streams/channels/record.ts';
import { portfolioSettingsBody } from './portfolio-body.ts';
import type { Services } from '../http/handler-services.ts';
import { tradeBody } from './trade-body.ts';
import { transferBody } from './transfer-body.ts';

export type LedgerMove = EntriesMove | ImportMove | PortfolioMove;

/** What the functions of `db/` that change a ledger need. */
export interface LedgerChangeOptions {
  clock: Clock;
  records: (move: LedgerMove) => string[];
}

/** What a change gives back to be published; `null`: there was nothing to change. */
type Changed = { message: OutboxMessage | null } | { messages: readonly OutboxMessage[] } | null;

/**
 * Changes ledgers and publishes it: the one way for every route. What is published is written in the change's own
 * transaction, so a change that is committed is published, sooner or later.
 * @param change calls a function of `db/` with the options it is given
 */
export async function changeLedger<T extends Changed>(
  { clock, outbox }: Pick<Services, 'clock' | 'outbox'>,
  change: (options: LedgerChangeOptions) => Promise<T>,
): Promise<T> {
  const changed = await change({ clock, records: recordsOf });
  await Promise.all(messagesOf(changed).map((message) => outbox.publish(message)));
  return changed;
}

function messagesOf(changed: Changed): readonly OutboxMessage[] {
  if (changed === null) return [];
  if ('messages' in changed) return changed.messages;
  return changed.message === null ? [] : [changed.message];
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
  const { change, entries } = move;
  return entries.map((entry) =>
    entry.kind === 'trade'
      ? { type: 'fill', change, version, trade: tradeBody(entry) }
      : { type: 'transfer', change, version, transfer: transferBody(entry) },
  );
}
