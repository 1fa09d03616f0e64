import { decimal } from '../../lib/money/money.ts';
import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';
import { applyEntries } from './apply-entries.ts';
import { getEntry } from './entries.ts';
import type { BookingOptions } from './booking-options.ts';
import type { OutboxMessage } from './outbox.ts';
import { advance, lockPortfolio, type Portfolio } from './portfolios.ts';
import { isMovement, type StoredEntry, type StoredTransfer } from './stored-entry.ts';

/**
 * Withdrawals and the deposits that they arrived as, within one portfolio. Joined, both only change the place: what has
 * left and not arrived is the fee. Parted, they are external flows again. Either restates exactly, since what the two do
 * follows from their rows alone.
 */

interface Restated {
  before: StoredTransfer;
  after: StoredTransfer;
}

/** Joins a withdrawal with its deposit. @throws Problem `not-found`; `conflict` for what does not fit together */
export async function joinEntries(
  db: Database,
  portfolioId: string,
  { withdrawalId, depositId }: { withdrawalId: string; depositId: string },
  options: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null }> {
  return await db.transaction(async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const withdrawal = await movementOf(trx, portfolioId, withdrawalId);
    const deposit = await movementOf(trx, portfolioId, depositId);
    return await joinPairs(trx, portfolio, [{ withdrawal, deposit }], options);
  });
}

/**
 * Joins withdrawals with their deposits, as one change of the ledger.
 * @param trx holds the portfolio's lock
 * @throws Problem `conflict` for what does not fit together
 */
export async function joinPairs(
  trx: Database,
  portfolio: Portfolio,
  pairs: readonly { withdrawal: StoredTransfer; deposit: StoredTransfer }[],
  options: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null }> {
  const restated = pairs.flatMap(({ withdrawal, deposit }): Restated[] => {
    assertJoinable(withdrawal, deposit);
    const joined = deposit.quantity;
    return [
      { before: withdrawal, after: { ...withdrawal, joined, joinedWith: deposit.id } },
      { before: deposit, after: { ...deposit, joined, joinedWith: withdrawal.id } },
    ];
  });
  return await restate(trx, portfolio, restated, options);
}

/** Parts an entry from the one that it is joined with. @throws Problem `not-found`, `conflict` if it is joined with none */
export async function partEntries(
  db: Database,
  portfolioId: string,
  id: string,
  options: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null }> {
  return await db.transaction(async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const entry = await movementOf(trx, portfolioId, id);
    if (entry.joinedWith === undefined) {
      throw problem('conflict', { detail: 'The entry is not joined with another.' });
    }
    const other = await movementOf(trx, portfolioId, entry.joinedWith);
    const restated = [entry, other].map((before) => ({ before, after: parted(before) }));
    return await restate(trx, portfolio, restated, options);
  });
}

/** The other half of an entry that is taken out of the ledger, parted from it. */
export async function partOther(trx: Database, entry: StoredEntry): Promise<Restated[]> {
  if (!isMovement(entry) || entry.joinedWith === undefined) return [];
  const before = await movementOf(trx, entry.portfolioId, entry.joinedWith);
  const after = parted(before);
  await saveJoin(trx, after);
  return [{ before, after }];
}

async function movementOf(trx: Database, portfolioId: string, id: string): Promise<StoredTransfer> {
  const entry = await getEntry(trx, portfolioId, id);
  if (entry === null || !isMovement(entry)) {
    throw problem('not-found', { detail: `There is no deposit or withdrawal ${id} in this portfolio.` });
  }
  return entry;
}

function assertJoinable(withdrawal: StoredTransfer, deposit: StoredTransfer): void {
  const refuse = (detail: string): never => {
    throw problem('conflict', { detail });
  };
  if (withdrawal.kind !== 'withdrawal' || deposit.kind !== 'deposit') {
    refuse('A withdrawal can be joined with a deposit only.');
  }
  if (withdrawal.joinedWith !== undefined || deposit.joinedWith !== undefined) {
    refuse('One of the two entries is joined already. Part it first.');
  }
  if (withdrawal.asset !== deposit.asset) refuse('The two entries are of different assets.');
  if (deposit.quantity > withdrawal.quantity) refuse('More has arrived than has left.');
}

function parted(entry: StoredTransfer): StoredTransfer {
  const { joined: _, joinedWith: __, ...rest } = entry;
  return rest;
}

async function restate(
  trx: Database,
  portfolio: Portfolio,
  restated: readonly Restated[],
  options: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null }> {
  for (const { after } of restated) await saveJoin(trx, after);
  const added = restated.map(({ after }) => after);
  const removed = restated.map(({ before }) => before);
  await applyEntries(trx, portfolio.id, portfolio, { added, removed }, options);
  const version = portfolio.version + 1;
  const records = options.records?.({ subject: 'entries', change: 'changed', version, entries: added });
  return await advance(trx, portfolio, 1, { now: options.clock.now(), records });
}

async function saveJoin(trx: Database, { id, joined, joinedWith }: StoredTransfer): Promise<void> {
  await trx('ledger_entries')
    .where({ id })
    .update({
      joined_with: joinedWith ?? null,
      joined_quantity: joined === undefined ? null : decimal(joined),
    });
}
