import type { Database } from '../connection/database.ts';
import type { ExchangeAccount } from './accounts.ts';

/**
 * Entries that belong to an account: those with its place and, if it is the only account of its exchange,
 * those of the exchange without an `account`, since files do not state one. Transfers to the account are not
 * included.
 */
export const OWN = `
  select * from ledger_entries
  where portfolio_id = :portfolioId
    and (account = :place or (:isOnly and account is null and exchange = :exchange))`;

/**
 * What the entries `own` move in and out of an account: id of the entry, asset, amount. The fee of a
 * withdrawal is part of its quantity. Renames and redenominations are left out, because they have no amount
 * of their own (see `derived-balances.ts`).
 */
export const MOVES = `
  select id, base as asset, case side when 'buy' then quantity else -quantity end as amount
  from own where kind = 'trade'
  union all
  select id, quote, case side when 'buy' then -1 else 1 end * round(quantity * price, 18)
  from own where kind = 'trade'
  union all
  select id, fee_currency, -fee_amount from own where kind in ('trade', 'transfer') and fee_amount is not null
  union all
  select id, asset, case when kind in ('withdrawal', 'fee', 'transfer') then -quantity else quantity end
  from own where kind not in ('trade', 'rename', 'redenomination')
  union all
  select id, source ->> 'asset', -(source ->> 'quantity')::numeric
  from own cross join lateral json_array_elements(sources::json) as source where kind = 'convert'
  union all
  select id, asset, quantity from ledger_entries
  where portfolio_id = :portfolioId and kind = 'transfer' and to_account = :place`;

/** The bindings of `OWN` and `MOVES`. */
export async function accountBindings(
  db: Database,
  { id, portfolioId, exchange, place }: ExchangeAccount,
): Promise<{ portfolioId: string; place: string; exchange: string; isOnly: boolean }> {
  const other: unknown = await db('exchange_accounts')
    .where({ portfolio_id: portfolioId, exchange })
    .whereNot({ id })
    .first('id');
  return { portfolioId, place, exchange, isOnly: other === undefined };
}
