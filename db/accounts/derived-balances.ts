import { type Fixed, fixed, mulDiv, ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { accountBindings, MOVES, OWN } from './account-moves.ts';
import type { ExchangeAccount } from './accounts.ts';

/**
 * A rename or redenomination: the whole balance of `source` becomes `asset`, `quantity` new units for every
 * `per` old ones.
 */
interface Change {
  time: string;
  tie: string;
  source: string;
  asset: string;
  quantity: string;
  per: string;
}

/**
 * What an account holds according to the ledger; 0 for assets that it no longer holds. A rename or
 * redenomination applies to every account, unless the entry names another one.
 */
export async function derivedBalances(db: Database, account: ExchangeAccount): Promise<Map<string, Fixed>> {
  const bindings = await accountBindings(db, account);
  const { rows: changes }: { rows: Change[] } = await db.raw(
    `select time::text as time, tie, asset, quantity, (sources::json -> 0 ->> 'asset') as source,
       (sources::json -> 0 ->> 'quantity') as per
     from ledger_entries
     where portfolio_id = :portfolioId and kind in ('rename', 'redenomination')
       and (account is null or account = :place)
     order by time, tie`,
    { portfolioId: bindings.portfolioId, place: bindings.place },
  );
  const { rows }: { rows: { step: number; asset: string; amount: string }[] } = await db.raw(
    `with own as (${OWN}), moves as (${MOVES}),
       changes as (select * from unnest(:times::timestamptz[], :ties::text[]) as change (time, tie)),
       placed as (
         select moves.asset, moves.amount,
           ${changes.length === 0 ? '0' : CHANGES_BEFORE} as step
         from moves
       )
     select step::int as step, asset, trim_scale(sum(amount)) as amount from placed group by step, asset`,
    { ...bindings, times: changes.map(({ time }) => time), ties: changes.map(({ tie }) => tie) },
  );
  const balances = new Map<string, Fixed>();
  const add = (asset: string, amount: Fixed): void =>
    void balances.set(asset, (balances.get(asset) ?? ZERO) + amount);
  for (let step = 0; step <= changes.length; step += 1) {
    for (const row of rows) if (row.step === step) add(row.asset, fixed(row.amount));
    const change = changes[step];
    if (change === undefined) break;
    const before = balances.get(change.source) ?? ZERO;
    add(change.source, -before);
    add(change.asset, mulDiv(before, fixed(change.quantity), fixed(change.per)));
  }
  return balances;
}

/** The number of changes before an entry's move. */
const CHANGES_BEFORE = `(
  select count(*) from changes join ledger_entries entry on entry.id = moves.id
  where (changes.time, changes.tie collate "C") < (entry.time, entry.tie))`;
