import { ONE } from '../../../lib/money/money.ts';
import type { PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import type { FoundRate } from '../../../lib/pnl/ledger/rate-origin.ts';
import {
  indexSymbols,
  rateAlong,
  routesOf,
  type Rate,
  type Route,
  type SymbolIndex,
} from '../../../lib/pnl/valuation/valuation.ts';
import { closeAt, lastCloses, type PricePoint } from '../../market/candles.ts';
import { addClosesAt, candleSymbols, type Closes } from '../../market/closes.ts';
import type { Database } from '../../connection/database.ts';

/** The currency of a rate, and the prices it may come from; a portfolio has both. */
export type RateTerms = Pick<PortfolioTerms, 'baseCurrency' | 'simulated'>;

/**
 * Base currency per unit of an asset at a time, from the last closes at or before it: direct, or over at most two
 * symbols. `null` if no route has all its prices: a rate is never invented.
 */
export async function rateAt(
  db: Database,
  asset: string,
  { baseCurrency, simulated }: RateTerms,
  time: number,
): Promise<Rate | null> {
  const closes = new Map<string, PricePoint | null>();
  const firstOf = async (routes: readonly Route[]): Promise<Rate | null> => {
    for (const route of routes) {
      for (const { symbol } of route) {
        if (!closes.has(symbol)) closes.set(symbol, await closeAt(db, symbol, time, simulated));
      }
      const rate = rateAlong([route], (symbol) => closes.get(symbol) ?? null);
      if (rate !== null) return rate;
    }
    return null;
  };
  // Nearly always there is a direct symbol, and the list of all symbols need not be read.
  const straight = await firstOf(routesOf(asset, baseCurrency, indexSymbols([])));
  if (straight !== null) return straight;
  const symbols = (await lastCloses(db, simulated)).map(({ symbol }) => symbol);
  return await firstOf(routesOf(asset, baseCurrency, indexSymbols(symbols)));
}

/** Base currency per unit of an asset at a time; `null` if no price leads to it. */
export type RateTable = (asset: string, time: number) => FoundRate | null;

/** The rate of the base currency itself. */
export const BASE_RATE: FoundRate = Object.freeze({ rate: ONE, origin: null });

/** A rate that was derived through symbols, as a market rate. */
export function marketRate({ rate, time, path }: Rate): FoundRate {
  return { rate, origin: time === null ? null : { source: 'market', path, time } };
}

/**
 * `rateAt` for many assets and instants, each exactly, in a few statements. What was not asked for is `null`, except
 * for the base currency itself.
 * @param symbols all that have a candle; `null`: read if a direct symbol is not enough
 */
export async function rateTable(
  db: Database,
  { baseCurrency, simulated }: RateTerms,
  wanted: Iterable<{ asset: string; time: number }>,
  symbols: SymbolIndex | null = null,
): Promise<RateTable> {
  const needs = new Map<string, Need>();
  for (const { asset, time } of wanted) {
    if (asset !== baseCurrency) needs.set(`${asset} ${time}`, { asset, time });
  }
  const rates = new Map<string, FoundRate>();
  const priced = async (index: SymbolIndex): Promise<boolean> => {
    await addRates(db, needs, { routes: (asset) => routesOf(asset, baseCurrency, index), simulated }, rates);
    return rates.size === needs.size;
  };
  // Nearly always there is a direct symbol, and the list of all symbols need not be read.
  if (symbols !== null) await priced(symbols);
  else if (!(await priced(NO_SYMBOLS))) await priced(indexSymbols(await candleSymbols(db, simulated)));
  return (asset, time) => (asset === baseCurrency ? BASE_RATE : (rates.get(`${asset} ${time}`) ?? null));
}

interface Need {
  asset: string;
  time: number;
}

const NO_SYMBOLS = indexSymbols([]);

/** The rates that are still missing, each along the first of its routes that has all its prices. */
async function addRates(
  db: Database,
  needs: ReadonlyMap<string, Need>,
  { routes, simulated }: { routes: (asset: string) => readonly Route[]; simulated: boolean },
  rates: Map<string, FoundRate>,
): Promise<void> {
  const closes: Closes = new Map();
  let open = [...needs].filter(([key]) => !rates.has(key));
  for (let nth = 0; open.length > 0; nth += 1) {
    const wanted = open.flatMap(([, { asset, time }]) =>
      (routes(asset)[nth] ?? []).map(({ symbol }) => ({ symbol, instant: time })),
    );
    if (wanted.length === 0) return;
    await addClosesAt(db, wanted, closes, simulated);
    open = open.filter(([key, { asset, time }]) => {
      const route = routes(asset)[nth];
      if (route === undefined) return false;
      const found = rateAlong([route], (symbol) => closes.get(symbol)?.get(time) ?? null);
      if (found !== null) rates.set(key, marketRate(found));
      return found === null;
    });
  }
}
