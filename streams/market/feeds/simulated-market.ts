import type { Random } from '../../../lib/clock.ts';
import { fixed, type Fixed } from '../../../lib/money/money.ts';

/** A coin of the made-up market. */
export interface SimulatedSymbol {
  symbol: string;
  /** Where the walk starts and what it is pulled back to, KRW. */
  price: string;
  /** Standard deviation of a day's return. */
  dailyVolatility: number;
  /** Mean value of one trade, KRW. */
  meanValue: number;
}

export const SIMULATED_SYMBOLS: readonly SimulatedSymbol[] = [
  { symbol: 'BTC/KRW', price: '150000000', dailyVolatility: 0.03, meanValue: 2_500_000 },
  { symbol: 'ETH/KRW', price: '5200000', dailyVolatility: 0.04, meanValue: 1_500_000 },
  { symbol: 'XRP/KRW', price: '3900', dailyVolatility: 0.05, meanValue: 1_200_000 },
  { symbol: 'SOL/KRW', price: '280000', dailyVolatility: 0.055, meanValue: 800_000 },
  { symbol: 'DOGE/KRW', price: '320', dailyVolatility: 0.06, meanValue: 500_000 },
  { symbol: 'ADA/KRW', price: '1150', dailyVolatility: 0.055, meanValue: 400_000 },
  { symbol: 'LINK/KRW', price: '30500', dailyVolatility: 0.055, meanValue: 350_000 },
  { symbol: 'USDT/KRW', price: '1395', dailyVolatility: 0.003, meanValue: 1_000_000 },
];

/** The order price units of Korean won markets: from this price on, this step. */
const PRICE_STEPS: readonly (readonly [from: Fixed, step: Fixed])[] = (
  [
    ['2000000', '1000'],
    ['1000000', '500'],
    ['500000', '100'],
    ['100000', '50'],
    ['10000', '10'],
    ['1000', '1'],
    ['100', '0.1'],
    ['10', '0.01'],
    ['1', '0.001'],
    ['0', '0.0001'],
  ] as const
).map(([from, step]) => [fixed(from), fixed(step)] as const);

/** The step of an order price in a won market. */
export function priceStep(price: Fixed): Fixed {
  return PRICE_STEPS.find(([from]) => price >= from)?.[1] ?? 1n;
}

/** The next price that an order could have, from there down. */
export function onStep(price: Fixed): Fixed {
  const step = priceStep(price);
  return (price / step) * step;
}

/** A standard normal number (Box–Muller). */
export function gaussian(draw: Random): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** A small seedable generator (Tommy Ettinger's mulberry32): good enough for a made-up market, and for nothing else. */
export function mulberry32(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
