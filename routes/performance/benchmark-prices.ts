import { closeAt } from '../../db/market/candles.ts';
import { addClosesAt, type Closes } from '../../db/market/closes.ts';
import type { Fixed } from '../../lib/money/money.ts';
import { type PriceSource, rateAlong, type Route } from '../../lib/pnl/valuation/valuation.ts';
import type { Warning } from '../../lib/pnl/valuation/warning.ts';
import { splitSymbol } from '../../lib/symbol.ts';
import type { HistorySources } from './portfolio-history.ts';
import { queryProblem } from '../http/query-problem.ts';

/**
 * What a unit of a symbol's base was worth at some instants: the last closes at or before each, and the present prices
 * from `now` on. Where the symbol is quoted in another currency, through the straight symbol from there.
 * @returns `null` of an instant by which there was no price
 */
export async function benchmarkPrices(
  { db, market }: HistorySources,
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

/** @throws 400 for a benchmark that has never had a price */
export async function assertBenchmark(
  { db, market }: HistorySources,
  symbol: string | undefined,
  end: number,
): Promise<void> {
  if (symbol === undefined || market.price(symbol) !== null) return;
  if ((await closeAt(db, symbol, end)) !== null) return;
  throw queryProblem({
    parameter: 'benchmark',
    detail: 'has no price by the end of the span: name another symbol',
  });
}

/** That the benchmark has no price at some of the instants; `figures` are those that want it. */
export function benchmarkWarnings(
  symbol: string,
  instants: readonly { time: number }[],
  { priceAt, figures }: { priceAt: (time: number) => unknown; figures: string[] },
): Warning[] {
  const lacking = instants.filter(({ time }) => priceAt(time) === null).map(({ time }) => time);
  if (lacking.length === 0) return [];
  const last = new Date(Math.max(...lacking)).toISOString();
  const detail = `the benchmark ${symbol} has no price in base currency at some instants up to ${last}`;
  return [{ code: 'missing-price', detail, figures }];
}
