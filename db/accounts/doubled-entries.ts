import { type Fixed, fixed, ZERO } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';
import { accountBindings, MOVES, OWN } from './account-moves.ts';
import type { ExchangeAccount } from './accounts.ts';

/** An entry that an account did not book and that says the same as one it did. */
export interface DoubledEntry {
  id: string;
  /** What it moves in the account, by asset. */
  moves: Map<string, Fixed>;
}

/** The maximum difference in time between the two: files have local times, or the times of orders. */
const APART = '24 hours';
/** The maximum number of pairs to examine. */
const PAIRS = 1_000;

/**
 * The entries that have the same content as one the account booked and move one of `assets`, in order of
 * time.
 */
export async function doubledEntries(
  db: Database,
  account: ExchangeAccount,
  assets: readonly string[],
): Promise<DoubledEntry[]> {
  const bindings = { ...(await accountBindings(db, account)), accountId: account.id, assets: [...assets] };
  const { rows: pairs }: { rows: { other: string; mine: string }[] } = await db.raw(
    `with own as (${OWN}), mine as (
       select * from own where id in (select entry_id from account_entries where account_id = :accountId)
     ), others as (
       select * from own where id not in (select entry_id from account_entries where account_id = :accountId)
         and (base = any(:assets) or quote = any(:assets) or asset = any(:assets) or fee_currency = any(:assets))
     )
     select others.id as other, mine.id as mine
     from others join mine on mine.kind = others.kind and mine.quantity = others.quantity
       and coalesce(mine.base, mine.asset) = coalesce(others.base, others.asset)
       and mine.quote is not distinct from others.quote
       and mine.side is not distinct from others.side
       and mine.price is not distinct from others.price
       and mine.sources::text is not distinct from others.sources::text
       and mine.time between others.time - interval '${APART}' and others.time + interval '${APART}'
     order by abs(extract(epoch from mine.time - others.time)), others.time, others.id, mine.id
     limit ${PAIRS}`,
    bindings,
  );
  // The closest pairs come first, and each entry is in one pair.
  const taken = new Set<string>();
  const doubled = pairs.flatMap(({ other, mine }) => {
    if (taken.has(other) || taken.has(mine)) return [];
    taken.add(other).add(mine);
    return [other];
  });
  return await movesOf(db, account, doubled);
}

async function movesOf(
  db: Database,
  account: ExchangeAccount,
  ids: readonly string[],
): Promise<DoubledEntry[]> {
  if (ids.length === 0) return [];
  const { rows }: { rows: { id: string; asset: string; amount: string }[] } = await db.raw(
    `with own as (${OWN}), moves as (${MOVES})
     select id, asset, trim_scale(sum(amount)) as amount from moves where id = any(:ids) group by id, asset`,
    { ...(await accountBindings(db, account)), ids: [...ids] },
  );
  const moves = new Map<string, Map<string, Fixed>>(ids.map((id) => [id, new Map()]));
  for (const { id, asset, amount } of rows) {
    const own = moves.get(id);
    own?.set(asset, (own.get(asset) ?? ZERO) + fixed(amount));
  }
  return [...moves].map(([id, own]) => ({ id, moves: own }));
}

/** The time of an account's first entry; `null` if it has none. */
export async function firstEntryAt(db: Database, account: ExchangeAccount): Promise<number | null> {
  const { rows }: { rows: { first: number | null }[] } = await db.raw(
    `with own as (${OWN}) select min(time) as first from own`,
    await accountBindings(db, account),
  );
  return rows[0]?.first ?? null;
}
