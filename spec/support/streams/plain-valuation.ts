import type { PortfolioValuation } from '../../../streams/portfolio/portfolio-valuation.ts';

/** A portfolio of which only the ledger's version is known: its position is `<version>`. */
export function plainValuation(portfolioId: string, version: number): PortfolioValuation {
  const pnl = { portfolioId, asOf: '', position: `${version}`, equity: null, netContributions: null };
  const marked: ReturnType<PortfolioValuation['mark']> = JSON.parse(JSON.stringify({ pnl }));
  return {
    version,
    timeZone: 'UTC',
    validUntil: Number.POSITIVE_INFINITY,
    symbols: () => new Set(),
    mark: () => ({ ...marked, holdings: () => [] }),
  };
}
