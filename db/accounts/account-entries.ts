import type { Database } from '../connection/database.ts';
import type { ExchangeAccount } from './accounts.ts';

/** Records which entries an account has booked: those with its place and one of these ids. Idempotent. */
export async function noteEntries(
  db: Database,
  { id, portfolioId, exchange, place }: ExchangeAccount,
  externalIds: readonly string[],
): Promise<void> {
  if (externalIds.length === 0) return;
  await db.raw(
    `insert into account_entries (account_id, entry_id)
     select account.id, entry.id from exchange_accounts account join ledger_entries entry on true
     where account.id = ? and entry.portfolio_id = ? and entry.exchange = ? and entry.account = ?
       and entry.external_id = any(?)
     on conflict do nothing`,
    [id, portfolioId, exchange, place, [...externalIds]],
  );
}

/** Entries that an account has booked, at most `limit`. */
export async function bookedEntries(db: Database, accountId: string, limit: number): Promise<string[]> {
  const rows: { entry_id: string }[] = await db('account_entries')
    .where({ account_id: accountId })
    .orderBy('entry_id')
    .limit(limit)
    .select('entry_id');
  return rows.map(({ entry_id: id }) => id);
}
