import { addClosesAt, type Closes } from '../db/closes.ts';
import type { Fixed } from '../lib/money.ts';
import { type PriceSource, rateAlong, type Route } from '../lib/pnl/valuation.ts';
import { splitSymbol } from '../lib/symbol.ts';
import type { Services } from './services.ts';

/**
 * What a unit of a symbol's base was worth at some instants: the last closes at or before each, and the present prices
 * from `now` on. Where the symbol is quoted in another currency, through the straight symbol from there.
 * @returns `null` of an instant by which there was no price
 */
export async function benchmarkPrices(
  { db, market }: Services,
  symbol: string,
  baseCurrency: string,
  { instants, now }: { instants: readonly number[]; now: number },
): Promise<(instant: number) => Fixed | null> {
  const routes = routesTo(symbol, baseCurrency);
  const symbols = new Set(routes.flatMap((route) => route.map((hop) => hop.symbol)));
  const past = [...new Set(instants)].filter((instant) => instant < now);
  const closes: Closes = new Map();
  const wanted = [...symbols].flatMap((each) => past.map((instant) => ({ symbol: each, instant })));
  await addClosesAt(db, wanted, closes);
  return (instant) => {
    const prices: PriceSource = (each) =>
      instant >= now ? market.price(each) : (closes.get(each)?.get(instant) ?? null);
    return rateAlong(routes, prices)?.rate ?? null;
  };
}

function routesTo(symbol: string, baseCurrency: string): Route[] {
  const { quote } = splitSymbol(symbol);
  const own = { symbol, inverse: false };
  if (quote === baseCurrency) return [[own]];
  return [
    [own, { symbol: `${quote}/${baseCurrency}`, inverse: false }],
    [own, { symbol: `${baseCurrency}/${quote}`, inverse: true }],
  ];
}
