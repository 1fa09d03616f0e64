import type { Portfolio } from '../db/portfolios.ts';
import type { CostMethod } from '../lib/pnl/entry.ts';
import type { ValuationSources } from './portfolio-valuation.ts';

/**
 * What a portfolio's figures are made of, found without making them: equal text, equal figures.
 * @returns `null` while the market is being read anew: its prices may then change while its position stays
 */
export async function valuationBasis(
  { market, dayStarts }: ValuationSources,
  portfolio: Portfolio,
  options: { costMethod?: CostMethod | undefined } = {},
): Promise<string | null> {
  const { id, version, timeZone, updatedAt } = portfolio;
  const costMethod = options.costMethod ?? portfolio.costMethod;
  const { start, worth } = await dayStarts.of(id, { version, timeZone, costMethod });
  if (!market.isSettled) return null;
  const { epoch, offset } = market.position;
  const { equity, contributions, inflows } = worth;
  const parts = [version, updatedAt, timeZone, costMethod, epoch, offset, start];
  return [...parts, equity, contributions, inflows].map(String).join(' ');
}
