import assert from 'node:assert/strict';
import { decimal, div, mul, round } from '../../lib/money/money.ts';
import type { MarketTick } from '../../streams/market/market-tick.ts';
import type { TickerBody } from '../../lib/schemas/ticker-schema.ts';

const MINUTE = 60_000;

/** The ticker after ticks of one symbol in order of arrival: all kept and looked through each time, slow and plain. */
export function tickerOf(ticks: readonly MarketTick[]): TickerBody {
  const sorted = ticks.map((each, arrival) => ({ ...each, arrival }));
  sorted.sort((a, b) => a.time - b.time || a.arrival - b.arrival);
  const last = sorted[sorted.length - 1];
  assert.ok(last !== undefined);
  const minute = (each: MarketTick): number => Math.floor(each.time / MINUTE);
  // What had left the window when it came stays out of it: the window never moves back.
  const inside = sorted.filter((each) => minute(each) > minute(last) - 1_440);
  const before = sorted.filter((each) => minute(each) <= minute(last) - 1_440).pop();
  const reference = before ?? (sorted.length > 1 ? inside[0] : undefined);
  const prices = inside.map((each) => each.price).sort((a, b) => (a < b ? -1 : 1));
  const sum = (values: bigint[]): string => decimal(values.reduce((total, value) => total + value, 0n));
  return {
    symbol: last.symbol,
    price: decimal(last.price),
    change: reference === undefined ? null : decimal(last.price - reference.price),
    changeRate:
      reference === undefined ? null : decimal(round(div(last.price - reference.price, reference.price), 8)),
    high: decimal(prices[prices.length - 1] ?? 0n),
    low: decimal(prices[0] ?? 0n),
    volume: sum(inside.map((each) => each.quantity ?? 0n)),
    quoteVolume: sum(inside.map((each) => mul(each.price, each.quantity ?? 0n))),
    time: new Date(last.time).toISOString(),
    asOf: new Date(last.asOf).toISOString(),
    exchange: last.exchange,
    feed: last.feed,
    status: last.status,
    complete: true,
    simulated: last.simulated,
  };
}
