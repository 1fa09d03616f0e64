import { mul, ZERO, type Fixed } from '../../lib/money/money.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { totalsWith, type TotalsAt } from '../../lib/pnl/ledger/totals.ts';
import {
  indexSymbols,
  rateAlong,
  routesOf,
  type PriceSource,
  type Route,
  type SymbolIndex,
} from '../../lib/pnl/valuation/valuation.ts';
import { addClosesAt, candleSymbols, type Closes } from '../market/closes.ts';
import type { Database } from '../connection/database.ts';
import type { HeldCoin, LedgerPoint } from '../ledger/points.ts';

export interface HistoryPoint extends TotalsAt {
  /** What was held without any price known then: why `marketValue` is `null`. */
  unpriced: readonly string[];
}

/** The present: instants from `from` on are valued with these prices instead of stored closes. */
export interface LivePrices {
  from: number;
  prices: PriceSource;
  symbols: readonly string[];
}

/** Values ledgers of the past as `prepareMarking` values the present one. */
export async function valuePoints(
  db: Database,
  terms: PortfolioTerms,
  points: ReadonlyMap<number, LedgerPoint>,
  live: LivePrices | undefined,
): Promise<Map<number, HistoryPoint>> {
  const past = [...points].filter(([instant]) => live === undefined || instant < live.from);
  const rates = await pastRates(db, terms.baseCurrency, past);
  const liveRoutes = routeFinder(terms.baseCurrency, indexSymbols(live?.symbols ?? []));
  const valued = new Map<number, HistoryPoint>();
  for (const [instant, point] of points) {
    const isLive = live !== undefined && instant >= live.from;
    const rateOf = (asset: string): Fixed | null =>
      (isLive ? rateAlong(liveRoutes(asset), live.prices)?.rate : rates(asset, instant)) ?? null;
    valued.set(instant, valuePoint(instant, point, rateOf));
  }
  return valued;
}

function valuePoint(
  time: number,
  { totals, held }: LedgerPoint,
  rateOf: (asset: string) => Fixed | null,
): HistoryPoint {
  let marketValue: Fixed | null = ZERO;
  const unpriced: string[] = [];
  for (const { asset, quantity, lastFill } of held) {
    const rate = rateOf(asset) ?? lastFill;
    if (rate === null) unpriced.push(asset);
    marketValue = marketValue === null || rate === null ? null : marketValue + mul(quantity, rate);
  }
  return { time, ...totalsWith(totals, marketValue), unpriced };
}

/** Base currency per unit of what was held at some instants, from the last closes at or before each. */
async function pastRates(
  db: Database,
  baseCurrency: string,
  points: readonly [number, LedgerPoint][],
): Promise<(asset: string, instant: number) => Fixed | null> {
  const closes: Closes = new Map();
  const pricesAt =
    (instant: number): PriceSource =>
    (symbol) =>
      closes.get(symbol)?.get(instant) ?? null;
  // Nearly always there is a straight way, and the list of all symbols need not be read.
  let routes = routeFinder(baseCurrency, indexSymbols([]));
  const held = points.flatMap(([instant, point]) => point.held.map((coin) => ({ coin, instant })));
  const straight = held.map(({ coin, instant }) => ({ symbol: `${coin.asset}/${baseCurrency}`, instant }));
  await addClosesAt(db, straight, closes);
  const isKnown = ({ coin, instant }: { coin: HeldCoin; instant: number }): boolean =>
    closes.get(`${coin.asset}/${baseCurrency}`)?.has(instant) === true;
  const others = held.filter((one) => !isKnown(one));
  if (others.length > 0) {
    const symbols = await candleSymbols(db);
    routes = routeFinder(baseCurrency, indexSymbols(symbols));
    const listed = new Set(symbols);
    const wanted = new Map<string, { symbol: string; instant: number }>();
    for (const { coin, instant } of others) {
      for (const { symbol } of routes(coin.asset).flat()) {
        if (!listed.has(symbol) || closes.get(symbol)?.has(instant) === true) continue;
        wanted.set(`${symbol} ${instant}`, { symbol, instant });
      }
    }
    await addClosesAt(db, [...wanted.values()], closes);
  }
  return (asset, instant) => rateAlong(routes(asset), pricesAt(instant))?.rate ?? null;
}

function routeFinder(baseCurrency: string, symbols: SymbolIndex): (asset: string) => readonly Route[] {
  const known = new Map<string, readonly Route[]>();
  return (asset) => {
    let routes = known.get(asset);
    if (routes === undefined) known.set(asset, (routes = routesOf(asset, baseCurrency, symbols)));
    return routes;
  };
}
