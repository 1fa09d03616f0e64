import type { Database } from '../../db/connection/database.ts';
import { getPortfolio, type Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { findShare, type PortfolioAccess } from '../../db/users/shares.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import { problem } from '../../lib/problem.ts';
import type { Services } from '../http/handler-services.ts';

/**
 * The caller's access to a portfolio.
 * @throws 404 without access, as for a portfolio that does not exist
 */
async function accessible(
  db: Database,
  portfolio: Portfolio | null,
  caller: Caller,
): Promise<Portfolio & { access: PortfolioAccess }> {
  if (portfolio?.userId === caller.userId) return { ...portfolio, access: 'owner' };
  const access = portfolio === null ? null : await findShare(db, portfolio.id, caller.userId);
  if (portfolio === null || access === null) {
    throw problem('not-found', { detail: 'There is no such portfolio.' });
  }
  return { ...portfolio, access };
}

/**
 * The portfolio, if the caller may read it: the owner, and everyone it is shared with.
 * @throws 404 otherwise, as for one that does not exist, so that ids cannot be probed
 */
export async function readablePortfolio(
  { db, lookups }: Pick<Services, 'db' | 'lookups'>,
  id: string,
  caller: Caller,
): Promise<Portfolio & { access: PortfolioAccess }> {
  return await accessible(db, await lookups.portfolio(id), caller);
}

/**
 * The portfolio, if the caller may change its ledger.
 * @throws 404 as above; 403 if it is shared for reading only
 */
export async function writablePortfolio(db: Database, id: string, caller: Caller): Promise<Portfolio> {
  const portfolio = await accessible(db, await getPortfolio(db, id), caller);
  if (portfolio.access === 'read') {
    throw problem('forbidden', {
      detail: 'The portfolio is shared with you for reading only. Ask its owner for write access.',
    });
  }
  return portfolio;
}

/**
 * The portfolio, if the caller owns it.
 * @throws 404 as above; 403 if it is shared with the caller
 */
export async function ownPortfolio(db: Database, id: string, caller: Caller): Promise<Portfolio> {
  const portfolio = await accessible(db, await getPortfolio(db, id), caller);
  if (portfolio.access !== 'owner')
    throw problem('forbidden', { detail: 'Only the owner of the portfolio may do this.' });
  return portfolio;
}
