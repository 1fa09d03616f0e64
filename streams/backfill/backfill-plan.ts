import type { Way } from '../../db/market/backfill-readers.ts';
import { AROUND_MS, type WantedCandles } from '../../db/market/backfills.ts';
import type { Database } from '../../db/connection/database.ts';
import { neededBenchmarks, neededMoments, neededPrices } from '../../db/ledger/rates/needed-prices.ts';
import { DAY_MS } from '../../lib/candle-interval.ts';
import { splitSymbol } from '../../lib/symbol.ts';
import type { CandleSource } from './candle-source.ts';
import { symbolsTo, type SymbolSource } from '../market/feeds/price-route.ts';

/** Needs processed in one batch. */
const MAX_NEEDS = 1_000;

export interface BackfillPlan {
  wanted: WantedCandles[];
  /** What each symbol is needed for. */
  ways: Way[];
}

/**
 * The past candles that real portfolios need: minutes up to each entry without a rate, and days from the first entry
 * on, for every asset and benchmark.
 * @param listings the exchanges that can be asked now
 */
export async function planBackfills(
  db: Database,
  now: number,
  listings: readonly CandleSource[],
  renamed: ReadonlyMap<string, string>,
): Promise<BackfillPlan> {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const thisMinute = Math.floor(now / 60_000) * 60_000;
  const wanted: WantedCandles[] = [];
  const want = (
    found: readonly SymbolSource[],
    interval: '1m' | '1d',
    since: number,
    until: number,
  ): void => {
    if (since < until) for (const each of found) wanted.push({ ...each, interval, since, until });
  };
  const ways: Way[] = [];
  const wayTo = (asset: string, currency: string): SymbolSource[] => {
    const found = symbolsTo(asset, currency, listings, renamed);
    ways.push(...found.map(({ symbol }) => ({ asset, currency, symbol })));
    return found;
  };
  for (const { asset, baseCurrency, time } of await neededMoments(db, MAX_NEEDS)) {
    const start = Math.floor(time / AROUND_MS) * AROUND_MS;
    want(wayTo(asset, baseCurrency), '1m', start, Math.min(start + AROUND_MS, thisMinute));
  }
  // Includes the day before the first entry, whose close is the price at the beginning.
  const dayBefore = (first: number): number => (Math.floor(first / DAY_MS) - 1) * DAY_MS;
  for (const { asset, baseCurrency, first } of await neededPrices(db, MAX_NEEDS)) {
    want(wayTo(asset, baseCurrency), '1d', dayBefore(first), today);
  }
  for (const { symbol, baseCurrency, first } of await neededBenchmarks(db, MAX_NEEDS)) {
    const { base, quote } = splitSymbol(symbol);
    const way = [...wayTo(base, quote), ...wayTo(quote, baseCurrency)];
    want(way, '1d', dayBefore(first), today);
  }
  return { wanted, ways };
}
