import type { Database } from '../db/database.ts';
import { getPortfolio } from '../db/portfolios.ts';
import { loadPositions } from '../db/positions.ts';
import { type HoldingBody, type PnlBody, prepareSnapshot } from '../lib/pnl/snapshot.ts';
import { indexSymbols } from '../lib/pnl/valuation.ts';
import type { Market } from './market.ts';

/** A portfolio's figures at one position of ledger and market. */
export interface Valuation {
  pnl: PnlBody;
  holdings: () => HoldingBody[];
}

/** A portfolio as of one ledger version, ready to be marked to any market. */
export interface PortfolioValuation {
  version: number;
  /** Whether a price of this symbol can move a figure. */
  isMovedBy(symbol: string): boolean;
  mark(): Valuation;
}

/**
 * The one calculation path: REST, the streams and CSV all read the figures from here.
 *
 * `position` in the body is `<ledger version>@<market epoch>.<market offset>`: bodies with equal positions have equal
 * digits, wherever they were made.
 * @returns `null` if there is no such portfolio
 */
export async function valuePortfolio(
  db: Database,
  market: Market,
  portfolioId: string,
): Promise<PortfolioValuation | null> {
  const portfolio = await getPortfolio(db, portfolioId);
  if (portfolio === null) return null;
  const { version, terms, states } = await loadPositions(db, portfolioId);
  const assets = new Set(states.map(({ asset }) => asset));
  let symbolCount = -1;
  let snapshot: ReturnType<typeof prepareSnapshot>;

  return {
    version,
    isMovedBy(symbol) {
      const slash = symbol.indexOf('/');
      const base = symbol.slice(0, slash);
      const quote = symbol.slice(slash + 1);
      // Either a holding's own price, or the second step of a route (`USDT/KRW` for what is quoted in USDT).
      return assets.has(base) || assets.has(quote) || quote === terms.baseCurrency;
    },
    mark() {
      const symbols = market.symbols();
      if (symbols.length !== symbolCount) {
        snapshot = prepareSnapshot({ portfolioId, terms, states, symbols: indexSymbols(symbols) });
        symbolCount = symbols.length;
      }
      const { epoch, offset } = market.position;
      const { pnl, holdings } = snapshot({
        prices: (symbol) => market.price(symbol),
        asOf: Math.max(market.updatedAt, portfolio.updatedAt),
        position: `${version}@${epoch}.${offset}`,
        dayStart: null,
      });
      return { pnl, holdings: () => holdings() };
    },
  };
}
