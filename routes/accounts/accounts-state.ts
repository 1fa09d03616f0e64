import { z } from 'zod';
import { balancesOf } from '../../db/accounts/account-balances.ts';
import { listAccounts } from '../../db/accounts/accounts.ts';
import type { Database } from '../../db/connection/database.ts';
import * as field from '../../lib/schemas/fields.ts';
import { accountBody, accountSchema } from './account-body.ts';

export const accountsStateSchema = z
  .object({
    portfolioId: field.portfolioId,
    asOf: field.timestamp.describe('When this was published.'),
    items: z.array(accountSchema).describe('The accounts, in the order they were connected.'),
  })
  .meta({ id: 'ExchangeAccounts', description: 'The accounts at exchanges that fill a portfolio.' });

/** The body of the `accounts:` channel. */
export async function accountsState(
  db: Database,
  portfolioId: string,
  now: number,
): Promise<z.input<typeof accountsStateSchema>> {
  const accounts = await listAccounts(db, portfolioId);
  const balances = await balancesOf(
    db,
    accounts.map(({ id }) => id),
  );
  const items = accounts.map((account) => accountBody(account, balances.get(account.id) ?? [], now));
  return { portfolioId, asOf: field.isoTime(now), items };
}
