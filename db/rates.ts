import { indexSymbols, rateAlong, routesOf, type Rate, type Route } from '../lib/pnl/valuation.ts';
import { closeAt, lastCloses, type PricePoint } from './candles.ts';
import type { Database } from './database.ts';

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
