import type { Database } from '../db/database.ts';
import { getPortfolio, type Portfolio } from '../db/portfolios.ts';
import type { Caller } from '../lib/caller.ts';
import { problem } from '../lib/problem.ts';

/**
 * The portfolio, if the caller may read it.
 * @throws 404 otherwise, as for one that does not exist: nobody learns which ids are taken
 */
export async function readablePortfolio(db: Database, id: string, caller: Caller): Promise<Portfolio> {
  const portfolio = await getPortfolio(db, id);
  if (portfolio === null || portfolio.userId !== caller.userId) {
    throw problem('not-found', { detail: 'There is no such portfolio.' });
  }
  return portfolio;
}

/** The portfolio, if the caller may change it. @throws 404 otherwise */
export function writablePortfolio(db: Database, id: string, caller: Caller): Promise<Portfolio> {
  return readablePortfolio(db, id, caller);
}
