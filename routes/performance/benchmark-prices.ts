import { addClosesAt, type Closes } from '../../db/market/closes.ts';
import type { Fixed } from '../../lib/money/money.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { PRICE_HELP } from '../../lib/pnl/valuation/price-help.ts';
import { type PriceSource, rateAlong, type Route } from '../../lib/pnl/valuation/valuation.ts';
import type { Warning } from '../../lib/schemas/warning-schema.ts';
import { splitSymbol } from '../../lib/symbol.ts';
import type { HistorySources } from './portfolio-history.ts';

/**
 * The value of one unit of a symbol's base asset at some instants: the last closes at or before each, and current
 * prices from `now` on. If the symbol is quoted in another currency, it is converted by that currency's direct symbol.
 * @returns `null` for an instant without any earlier price
 */
export async function benchmarkPrices(
  { db, market }: HistorySources,
  symbol: string,
  { baseCurrency, simulated }: PortfolioTerms,
  { instants, now }: { instants: readonly number[]; now: number },
): Promise<(instant: number) => Fixed | null> {
  const routes = routesTo(symbol, baseCurrency);
  const symbols = new Set(routes.flatMap((route) => route.map((hop) => hop.symbol)));
  const past = [...new Set(instants)].filter((instant) => instant < now);
  const closes: Closes = new Map();
  const wanted = [...symbols].flatMap((each) => past.map((instant) => ({ symbol: each, instant })));
  await addClosesAt(db, wanted, closes, simulated);
  const present = market.of(simulated);
  return (instant) => {
    const prices: PriceSource = (each) =>
      instant >= now ? present.price(each) : (closes.get(each)?.get(instant) ?? null);
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

/** Warns that the benchmark has no price at some of the instants; `figures` are those that need one. */
export function benchmarkWarnings(
  { symbol, terms }: { symbol: string; terms: PortfolioTerms },
  instants: readonly { time: number }[],
  { priceAt, figures }: { priceAt: (time: number) => unknown; figures: string[] },
): Warning[] {
  const lacking = instants.filter(({ time }) => priceAt(time) === null).map(({ time }) => time);
  if (lacking.length === 0) return [];
  const last = new Date(Math.max(...lacking)).toISOString();
  const where = lacking.length === instants.length ? `by ${last}` : `at some instants up to ${last}`;
  const detail = `The benchmark ${symbol} has no price in ${terms.baseCurrency} ${where}. ${PRICE_HELP}`;
  return [{ code: 'missing-price', detail, symbol, figures }];
}
