import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { DayStarts } from './day-starts.ts';
import type { Market } from '../market/market.ts';

/** Beside prices. */
interface LedgerSources {
  dayStarts: DayStarts;
}

/**
 * What a portfolio's figures depend on besides the prices: its ledger, its settings and the current day. It can be
 * found without computing them: equal text and equal prices mean equal figures.
 */
export async function ledgerBasis(
  { dayStarts }: LedgerSources,
  portfolio: Portfolio,
  options: { costMethod?: CostMethod | undefined } = {},
): Promise<string> {
  const { id, version, timeZone, updatedAt } = portfolio;
  const costMethod = options.costMethod ?? portfolio.costMethod;
  const { start, worth } = await dayStarts.of(id, { version, timeZone, costMethod });
  const { equity, contributions, inflows } = worth;
  return [version, updatedAt, timeZone, costMethod, start, equity, contributions, inflows]
    .map(String)
    .join(' ');
}

/**
 * Includes the prices: equal text means equal figures.
 * @returns `null` while the market is being reloaded: its prices may then change while its position stays
 */
export async function valuationBasis(
  sources: LedgerSources & { market: Market },
  portfolio: Portfolio,
  options: { costMethod?: CostMethod | undefined } = {},
): Promise<string | null> {
  return withMarket(await ledgerBasis(sources, portfolio, options), sources.market);
}

export function withMarket(ledger: string, market: Market): string | null {
  if (!market.isSettled) return null;
  const { epoch, offset } = market.position;
  return `${ledger} ${epoch} ${offset}`;
}
