import type { Fixed } from '../../lib/money/money.ts';
import {
  indexSymbols,
  rateAlong,
  routesOf,
  type Rate,
  type Route,
  type SymbolIndex,
} from '../../lib/pnl/valuation/valuation.ts';
import { closeAt, lastCloses, type PricePoint } from '../market/candles.ts';
import { addClosesAt, type Closes } from '../market/closes.ts';
import type { Database } from '../connection/database.ts';

/**
 * Base currency per unit of an asset at a time, from the last closes at or before it: straight, or through at most two
 * symbols. `null` if no way there has all its prices: a rate is never made up.
 */
export async function rateAt(
  db: Database,
  asset: string,
  baseCurrency: string,
  time: number,
): Promise<Rate | null> {
  const closes = new Map<string, PricePoint | null>();
  const firstOf = async (routes: readonly Route[]): Promise<Rate | null> => {
    for (const route of routes) {
      for (const { symbol } of route) {
        if (!closes.has(symbol)) closes.set(symbol, await closeAt(db, symbol, time));
      }
      const rate = rateAlong([route], (symbol) => closes.get(symbol) ?? null);
      if (rate !== null) return rate;
    }
    return null;
  };
  // Nearly always there is a straight way, and the list of all symbols need not be read.
  const straight = await firstOf(routesOf(asset, baseCurrency, indexSymbols([])));
  if (straight !== null) return straight;
  const symbols = (await lastCloses(db)).map(({ symbol }) => symbol);
  return await firstOf(routesOf(asset, baseCurrency, indexSymbols(symbols)));
}

/**
 * `rateAt` for many instants of one asset, in a few statements.
 * @param symbols of every candle there is
 */
export async function ratesAt(
  db: Database,
  asset: string,
  baseCurrency: string,
  instants: readonly number[],
  symbols: SymbolIndex,
): Promise<Map<number, Fixed>> {
  const rates = new Map<number, Fixed>();
  const closes: Closes = new Map();
  let open = [...new Set(instants)];
  for (const route of routesOf(asset, baseCurrency, symbols)) {
    if (open.length === 0) break;
    const wanted = route.flatMap(({ symbol }) => open.map((instant) => ({ symbol, instant })));
    await addClosesAt(db, wanted, closes);
    for (const instant of open) {
      const found = rateAlong([route], (symbol) => closes.get(symbol)?.get(instant) ?? null);
      if (found !== null) rates.set(instant, found.rate);
    }
    open = open.filter((instant) => !rates.has(instant));
  }
  return rates;
}
