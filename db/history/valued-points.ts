import { decimal, mul, ZERO, type Fixed } from '../../lib/money/money.ts';
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
import { TimeSlice } from '../../lib/async/time-slice.ts';
import { addClosesAt, candleSymbols, type Closes, symbolsWithCandles } from '../market/closes.ts';
import type { UnvaluedBody } from '../../lib/schemas/warning-schema.ts';
import type { Database } from '../connection/database.ts';
import type { LedgerPoint } from '../ledger/positions/points.ts';

export interface HistoryPoint extends TotalsAt {
  /** What was held without a known price: why `marketValue` is `null`. */
  unpriced: readonly string[];
  /** What the totals lack without a price: fees, rewards, and holdings that cost nothing. */
  unvalued: readonly UnvaluedBody[];
}

/** Current prices: instants from `from` on are valued with these instead of stored closes. */
export interface LivePrices {
  from: number;
  /** Made-up prices, or real ones. */
  of: (simulated: boolean) => { prices: PriceSource; symbols: readonly string[] };
}

/** Coins held at the instants that are valued together: the most closes in memory. */
const COINS_AT_ONCE = 20_000;

/** Values past ledgers as `prepareMarking` values the current one. */
export async function valuePoints(
  db: Database,
  terms: PortfolioTerms,
  points: ReadonlyMap<number, LedgerPoint>,
  live: LivePrices | undefined,
): Promise<Map<number, HistoryPoint>> {
  const slice = new TimeSlice();
  const past = pastRates(db, terms);
  const present = live?.of(terms.simulated);
  const liveRoutes = routeFinder(terms.baseCurrency, indexSymbols(present?.symbols ?? []));
  const valued = new Map<number, HistoryPoint>();
  let together: [number, LedgerPoint][] = [];
  let coins = 0;
  const value = async (): Promise<void> => {
    const rates = await past(together, slice);
    for (const [instant, point] of together) {
      valued.set(
        instant,
        valuePoint(instant, point, (asset) => rates(asset, instant)),
      );
      if (slice.isOver) await slice.next();
    }
    together = [];
    coins = 0;
  };
  for (const [instant, point] of points) {
    if (live !== undefined && instant >= live.from) continue;
    together.push([instant, point]);
    coins += point.held.length;
    if (coins >= COINS_AT_ONCE) await value();
  }
  await value();
  if (live === undefined || present === undefined) return valued;
  // In one turn, so that all of it is of one position of the market.
  const liveRate = (asset: string): Fixed | null =>
    rateAlong(liveRoutes(asset), present.prices)?.rate ?? null;
  for (const [instant, point] of points) {
    if (instant >= live.from) valued.set(instant, valuePoint(instant, point, liveRate));
  }
  return valued;
}

function valuePoint(
  time: number,
  { totals, held, unvalued }: LedgerPoint,
  rateOf: (asset: string) => Fixed | null,
): HistoryPoint {
  let marketValue: Fixed | null = ZERO;
  const unpriced: string[] = [];
  const leftOut: UnvaluedBody[] = [];
  for (const { asset, quantity, lastFill, costless } of held) {
    const rate = rateOf(asset) ?? lastFill;
    if (rate === null && costless) {
      leftOut.push({ what: 'holding', asset, quantity: decimal(quantity) });
      continue;
    }
    if (rate === null) unpriced.push(asset);
    marketValue = marketValue === null || rate === null ? null : marketValue + mul(quantity, rate);
  }
  return { time, ...totalsWith(totals, marketValue), unpriced, unvalued: [...leftOut, ...unvalued] };
}

type Points = readonly [number, LedgerPoint][];
type PastRates = (
  points: Points,
  slice: TimeSlice,
) => Promise<(asset: string, instant: number) => Fixed | null>;

/** Base currency per unit of what was held at some instants, from the last closes at or before each. */
function pastRates(db: Database, { baseCurrency, simulated }: PortfolioTerms): PastRates {
  /** Whether there has ever been a price of a symbol. */
  const priced = new Map<string, boolean>();
  const straightOf = (asset: string): string => `${asset}/${baseCurrency}`;
  // There is nearly always a direct symbol, and the list of all symbols need not be read.
  let routes = routeFinder(baseCurrency, indexSymbols([]));
  let listed: ReadonlySet<string> | null = null;

  async function addStraight(points: Points, closes: Closes, slice: TimeSlice): Promise<void> {
    const assets = new Set(points.flatMap(([, { held }]) => held.map(({ asset }) => asset)));
    const unknown = [...assets].map(straightOf).filter((symbol) => !priced.has(symbol));
    const found = await symbolsWithCandles(db, unknown, simulated);
    for (const symbol of unknown) priced.set(symbol, found.has(symbol));
    const wanted: { symbol: string; instant: number }[] = [];
    for (const [instant, { held }] of points) {
      for (const { asset } of held) {
        const symbol = straightOf(asset);
        if (priced.get(symbol) === true) wanted.push({ symbol, instant });
      }
      if (slice.isOver) await slice.next();
    }
    await addClosesAt(db, wanted, closes, simulated);
  }

  /** For assets without a direct price at their instant: the closes of every symbol that may lead to one. */
  async function addOthers(points: Points, closes: Closes, slice: TimeSlice): Promise<void> {
    const wanted: { symbol: string; instant: number }[] = [];
    for (const [instant, { held }] of points) {
      const symbols = new Set<string>();
      for (const { asset } of held) {
        if (closes.get(straightOf(asset))?.has(instant) === true) continue;
        if (listed === null) {
          listed = new Set(await candleSymbols(db, simulated));
          routes = routeFinder(baseCurrency, indexSymbols(listed));
        }
        for (const route of routes(asset)) {
          for (const { symbol } of route) if (listed.has(symbol)) symbols.add(symbol);
        }
        if (slice.isOver) await slice.next();
      }
      for (const symbol of symbols) {
        if (closes.get(symbol)?.has(instant) !== true) wanted.push({ symbol, instant });
      }
    }
    await addClosesAt(db, wanted, closes, simulated);
  }

  return async (points, slice) => {
    const closes: Closes = new Map();
    await addStraight(points, closes, slice);
    await addOthers(points, closes, slice);
    const pricesAt =
      (instant: number): PriceSource =>
      (symbol) =>
        closes.get(symbol)?.get(instant) ?? null;
    return (asset, instant) => rateAlong(routes(asset), pricesAt(instant))?.rate ?? null;
  };
}

function routeFinder(baseCurrency: string, symbols: SymbolIndex): (asset: string) => readonly Route[] {
  const known = new Map<string, readonly Route[]>();
  return (asset) => {
    let routes = known.get(asset);
    if (routes === undefined) known.set(asset, (routes = routesOf(asset, baseCurrency, symbols)));
    return routes;
  };
}
