import type { Database } from '../../db/connection/database.ts';
import { positionsAt } from '../../db/ledger/past-states.ts';
import { loadPositions, type Positions } from '../../db/ledger/positions.ts';
import { ZERO } from '../../lib/money/money.ts';
import type { CostMethod } from '../../lib/pnl/ledger/entry.ts';
import { type HoldingBody, type PnlBody, prepareSnapshot } from '../../lib/pnl/valuation/snapshot.ts';
import { pricedRoute, routesOf, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { Problem } from '../../lib/problem.ts';
import { type LedgerTimeline, positionOf } from './ledger-position.ts';
import type { Day, DayStarts } from './day-starts.ts';
import type { MarketView } from '../market/market.ts';

/** A portfolio's figures at one position of ledger and market. */
export interface Valuation {
  pnl: PnlBody;
  holdings: (options?: { includeClosed?: boolean }) => HoldingBody[];
}

/** A portfolio as of one ledger version, ready to be marked to any market. */
export interface PortfolioValuation {
  version: number;
  timeZone: string;
  /** Epoch milliseconds: from then on its day is over, and it has to be made again. */
  validUntil: number;
  /** The symbols whose price can move a figure, as of the last `mark`; another set when they have changed. */
  symbols(): ReadonlySet<string>;
  mark(): Valuation;
}

/** What valuing takes: `Services` has it. */
export interface ValuationSources {
  db: Database;
  market: MarketView;
  dayStarts: DayStarts;
  timeline: LedgerTimeline;
}

/**
 * The one calculation path: REST, the streams and CSV all read the figures from here.
 * @param options.costMethod another one than the portfolio's
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

/** How often a ledger that changes during a read is read again, before figures of two versions are combined. */
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
  market: MarketView,
  portfolioId: string,
  positions: Positions,
  day: Day,
  timeline: LedgerTimeline,
): PortfolioValuation {
  const { version, terms, timeZone, updatedAt, states } = positions;
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
      const route = pricedRoute(routes, (symbol) => market.price(symbol));
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
      const symbols = market.index;
      if (symbols !== index) {
        index = symbols;
        snapshot = prepareSnapshot({ portfolioId, terms, states, symbols });
        followed = follow(symbols);
      } else if (!followed.whole) {
        followed = follow(symbols);
      }
      return snapshot({
        prices: (symbol) => market.price(symbol),
        // A day that has begun since the last tick is reported on as of its beginning.
        asOf: Math.max(market.updatedAt, updatedAt, day.start),
        position: positionOf(version, market.position, timeline),
        dayStart: day.worth,
      });
    },
  };
}
