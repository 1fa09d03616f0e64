import type { Database } from '../../db/connection/database.ts';
import { positionsAt } from '../../db/ledger/positions/past-states.ts';
import { loadPositions, type Positions } from '../../db/ledger/positions/positions.ts';
import { ZERO } from '../../lib/money/money.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import type { Warning } from '../../lib/schemas/warning-schema.ts';
import { prepareSnapshot } from '../../lib/pnl/valuation/snapshot.ts';
import type { HoldingBody } from '../../lib/schemas/holding-schema.ts';
import type { PnlBody } from '../../lib/schemas/pnl-schema.ts';
import { pricedRoute, routesOf, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { Problem } from '../../lib/problem.ts';
import { type LedgerTimeline, positionOf } from './ledger-position.ts';
import type { Day, DayStarts } from './day-starts.ts';
import { type MarketView, NO_PRICES, type PresentPrices } from '../market/market.ts';

/** A portfolio's figures at one position of ledger and market. */
export interface Valuation {
  pnl: PnlBody;
  holdings: (options?: { includeClosed?: boolean }) => HoldingBody[];
}

/** A portfolio as of one ledger version, ready to be marked to any market. */
export interface PortfolioValuation {
  version: number;
  timeZone: string;
  /** When its day is over and it must be made again, in epoch milliseconds. */
  validUntil: number;
  /** The symbols whose price can move a figure, as of the last `mark`; a new set whenever they change. */
  symbols(): ReadonlySet<string>;
  mark(): Valuation;
}

/** What a valuation needs; `Services` has it. */
export interface ValuationSources {
  db: Database;
  market: MarketView;
  dayStarts: DayStarts;
  timeline: LedgerTimeline;
}

/**
 * The one calculation path: REST, the streams and CSV all read the figures from here.
 * @param options.costMethod instead of the portfolio's own
 * @returns `null` if there is no such portfolio
 */
export async function valuePortfolio(
  sources: ValuationSources,
  portfolioId: string,
  options: { costMethod?: CostMethod | undefined } = {},
): Promise<PortfolioValuation | null> {
  try {
    return valuationOf(
      sources.market,
      portfolioId,
      ...(await load(sources, portfolioId, options.costMethod)),
    );
  } catch (error) {
    if (error instanceof Problem && error.slug === 'not-found') return null;
    throw error;
  }
}

/** How many times a ledger that changes during a read is read again before figures of two versions are combined. */
const ATTEMPTS = 3;

async function load(
  { db, dayStarts, timeline }: ValuationSources,
  portfolioId: string,
  costMethod: CostMethod | undefined,
): Promise<[Positions, Day, LedgerTimeline]> {
  for (let attempt = 1; ; attempt += 1) {
    const { mark } = timeline;
    let positions = await loadPositions(db, portfolioId);
    if (costMethod !== undefined && costMethod !== positions.terms.costMethod) {
      positions = await positionsAt(db, portfolioId, null, costMethod);
    }
    const { version, timeZone, terms } = positions;
    const day = await dayStarts.of(portfolioId, { version, timeZone, costMethod: terms.costMethod });
    const isWhole = day.version === version && timeline.mark === mark;
    if (isWhole || attempt === ATTEMPTS) return [positions, day, { mark: timeline.mark }];
  }
}

function valuationOf(
  view: MarketView,
  portfolioId: string,
  positions: Positions,
  day: Day,
  timeline: LedgerTimeline,
): PortfolioValuation {
  const { version, terms, timeZone, updatedAt, states } = positions;
  const market = (): PresentPrices => view.of(terms.simulated);
  const held = states.filter(({ asset, quantity }) => asset !== terms.baseCurrency && quantity !== ZERO);
  let index: SymbolIndex | null = null;
  let snapshot: ReturnType<typeof prepareSnapshot>;
  let followed: { symbols: ReadonlySet<string>; whole: boolean } = { symbols: new Set(), whole: false };

  /** Those of each coin's first route that has prices, and of better ones that may get some. */
  function follow(index: SymbolIndex): typeof followed {
    const symbols = new Set<string>();
    let whole = true;
    for (const { asset } of held) {
      const routes = routesOf(asset, terms.baseCurrency, index);
      const route = pricedRoute(routes, (symbol) => market().price(symbol));
      if (route === null) whole = false;
      for (const each of routes) {
        for (const { symbol } of each) symbols.add(symbol);
        if (each === route) break;
      }
    }
    return { symbols, whole };
  }

  return {
    version,
    timeZone,
    validUntil: day.validUntil,
    symbols: () => followed.symbols,
    mark() {
      const symbols = market().index;
      if (symbols !== index) {
        index = symbols;
        snapshot = prepareSnapshot({ portfolioId, terms, states, symbols });
        followed = follow(symbols);
      } else if (!followed.whole) {
        followed = follow(symbols);
      }
      const valued = snapshot({
        prices: (symbol) => market().price(symbol),
        // If a day has begun since the last tick, it is reported as of its beginning.
        asOf: Math.max(view.updatedAt, updatedAt, day.start),
        position: positionOf(version, view.position, timeline),
        dayStart: day.worth,
      });
      if (market() === NO_PRICES && held.length > 0) valued.pnl.warnings.push(otherMarket(terms));
      return valued;
    },
  };
}

/** Why nothing has a present price. */
function otherMarket({ simulated }: PortfolioTerms): Warning {
  const detail = simulated
    ? 'The portfolio is valued at made-up prices, and the market of this server is real: it has no present prices.'
    : 'The market of this server is made up (MARKET_FEED=simulator) and does not value a real portfolio: it has no present prices.';
  return { code: 'other-market', detail };
}
