import type { Database } from '../connection/database.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from '../ledger/entries/entry-row.ts';
import { isMovement, type StoredTransfer } from '../ledger/entries/stored-entry.ts';
import { joinPairs, type Pair } from '../ledger/links/joins.ts';
import { lockLedgers } from '../ledger/portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../ledger/portfolios/outbox.ts';
import type { BookingOptions } from '../ledger/positions/booking-options.ts';

/** The lines of a withdrawal and of the deposit it arrived as. */
export interface JoinedLines {
  withdrawal: number;
  deposit: number;
}

/** Pairs joined in one change, all of which are listed in its event. */
const JOINED_AT_ONCE = 200;

export interface Joined {
  messages: OutboxMessage[];
  /** By how much the version of the ledger has increased. */
  versions: number;
}

/**
 * Joins the withdrawals and deposits that a file says belong together. Called after booking, in the same
 * transaction.
 * @param booked ids of the new entries by line; a pair is left alone if one half was booked before
 */
export async function joinBooked(
  trx: Database,
  portfolioId: string,
  { joins, booked }: { joins: readonly JoinedLines[]; booked: ReadonlyMap<number, string> },
  options: Pick<BookingOptions, 'clock' | 'records'>,
): Promise<Joined> {
  const ids = joins.flatMap(({ withdrawal, deposit }) => {
    const [from, to] = [booked.get(withdrawal), booked.get(deposit)];
    return from === undefined || to === undefined ? [] : [[from, to] as const];
  });
  const messages: OutboxMessage[] = [];
  let versions = 0;
  for (let at = 0; at < ids.length; at += JOINED_AT_ONCE) {
    const some = ids.slice(at, at + JOINED_AT_ONCE);
    const entries = await movementsOf(trx, portfolioId, some.flat());
    const pairs = some.flatMap(([from, to]): Pair[] => {
      const [withdrawal, deposit] = [entries.get(from), entries.get(to)];
      return withdrawal === undefined || deposit === undefined ? [] : [{ withdrawal, deposit }];
    });
    // Its version has increased since the previous batch.
    const ledgers = await lockLedgers(trx, [portfolioId]);
    messages.push(...(await joinPairs(trx, ledgers, pairs, null, options)).messages);
    versions += 1;
  }
  return { messages, versions };
}

async function movementsOf(
  trx: Database,
  portfolioId: string,
  ids: readonly string[],
): Promise<Map<string, StoredTransfer>> {
  const { rows } = await trx.raw<{ rows: EntryRow[] }>(
    `select ${ENTRY_COLUMNS} from ledger_entries where portfolio_id = ? and id = any(?::uuid[])`,
    [portfolioId, [...ids]],
  );
  const entries = rows.map(toEntry).filter(isMovement);
  return new Map(entries.map((entry) => [entry.id, entry]));
}
