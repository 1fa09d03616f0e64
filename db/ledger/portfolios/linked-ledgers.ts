import { Problem, problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { type Portfolio, type PortfolioRow, toPortfolio } from './portfolios.ts';

/** The portfolios that a transaction has locked, by id: those that it changes, and all whose lots depend on theirs. */
export type Ledgers = ReadonlyMap<string, Portfolio>;

/** How often a transaction starts over because portfolios were linked meanwhile. */
const ATTEMPTS = 5;

/** Portfolios were linked between finding and locking them. */
class LinksMovedError extends Problem {
  constructor() {
    super('unavailable', {
      detail: 'Portfolios were linked by other changes meanwhile. Nothing was changed; try again.',
      headers: { 'Retry-After': '1' },
    });
  }
}

/** Runs a transaction that locks portfolios by `lockLedgers`; it starts over if they were linked meanwhile. */
export async function lockingLedgers<T>(db: Database, task: (trx: Database) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(task);
    } catch (error) {
      if (!(error instanceof LinksMovedError) || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Locks these ledgers, and those linked with them, against all other writers until the transaction ends. They are
 * locked in the order of their ids, so that no two transactions deadlock.
 * @throws Problem `not-found` if one of `ids` is missing; an error that `lockingLedgers` handles
 */
export async function lockLedgers(trx: Database, ids: readonly string[]): Promise<Ledgers> {
  const ledgers = await lockExisting(trx, ids);
  if (ids.some((id) => !ledgers.has(id))) {
    throw problem('not-found', { detail: 'There is no such portfolio.' });
  }
  return ledgers;
}

/** `lockLedgers` for portfolios that may have been deleted. */
export async function lockExisting(trx: Database, ids: readonly string[]): Promise<Ledgers> {
  const { rows } = await trx.raw<{ rows: PortfolioRow[] }>(
    `select * from portfolios where id in (
       select unnest(linked || id) from portfolios where id = any(?::uuid[])
     ) order by id for update`,
    [[...ids]],
  );
  const ledgers = new Map(rows.map((row) => [row.id, toPortfolio(row)]));
  // As they are now that they are locked.
  const linked = [...ledgers.values()].flatMap((portfolio) => portfolio.linked);
  if (linked.some((id) => !ledgers.has(id))) throw new LinksMovedError();
  return ledgers;
}

/** One of them. */
export function ledgerOf(ledgers: Ledgers, id: string): Portfolio {
  const portfolio = ledgers.get(id);
  if (portfolio === undefined) throw new RangeError(`the portfolio ${id} is not locked`);
  return portfolio;
}

/** Records which of these portfolios depend on each other after entries were matched or unmatched. */
export async function saveLinks(trx: Database, ledgers: Ledgers): Promise<void> {
  const ids = [...ledgers.keys()];
  const { rows } = await trx.raw<{ rows: { a: string; b: string }[] }>(
    `select distinct portfolio_id as a, joined_portfolio as b from ledger_entries
     where portfolio_id = any(:ids::uuid[]) and joined_portfolio is not null
     union select distinct portfolio_id, portfolio_id from ledger_entries
     where portfolio_id = any(:ids::uuid[]) and kind in ('rename', 'redenomination', 'fork')`,
    { ids },
  );
  const groups = new Map(ids.map((id) => [id, new Set([id])]));
  for (const { a, b } of rows) {
    const [one, other] = [groups.get(a), groups.get(b)];
    if (one === undefined || other === undefined || one === other) continue;
    for (const id of other) groups.set(id, one.add(id));
  }
  for (const [id, group] of groups) {
    const linked = group.size > 1 || rows.some(({ a, b }) => a === id && b === id) ? [...group].sort() : [];
    const before = ledgers.get(id)?.linked ?? [];
    if (linked.join() === [...before].sort().join()) continue;
    await trx('portfolios').where({ id }).update({ linked });
  }
}
