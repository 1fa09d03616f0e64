import type { Database } from '../connection/database.ts';
import type { Ledgers } from '../ledger/portfolios/linked-ledgers.ts';
import { type Removal, type RemovalOptions, removeEntries } from '../ledger/removal.ts';
import { bookedEntries } from './account-entries.ts';

/** Entries removed per batch. */
const PIECE = 100;

/**
 * Deletes an account with its credentials and progress; nothing is booked from it afterwards.
 * @param ledgers of its portfolio, locked
 * @param isRemoving whether to remove the entries it booked from the ledger
 * @returns `null` if there is no such account
 */
export async function disconnectAccount(
  trx: Database,
  ledgers: Ledgers,
  { portfolioId, id }: { portfolioId: string; id: string },
  isRemoving: boolean,
  options: Omit<RemovalOptions, 'accountId'>,
): Promise<Removal | null> {
  const own = { portfolio_id: portfolioId, id };
  if ((await trx('exchange_accounts').where(own).first('id')) === undefined) return null;
  const next = async (): Promise<string[]> => (isRemoving ? await bookedEntries(trx, id, PIECE) : []);
  const removal = await removeEntries(trx, ledgers, portfolioId, next, { ...options, accountId: id });
  await trx('exchange_accounts').where(own).delete();
  return removal;
}
