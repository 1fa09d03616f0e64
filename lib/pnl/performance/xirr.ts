import type { CashFlow } from './performance.ts';

const YEAR_MS = 365 * 86_400_000;

/** Growth is searched as x = ln(1 + rate) within ±LIMIT: from losing all but e⁻⁴⁰ to gaining e⁴⁰ in a year. */
const LIMIT = 40;
const STEPS = 800;
const HALVINGS = 200;

/** Flows in order of time, by two arrays: thousands of them are discounted about a thousand times. */
interface YearlyFlows {
  years: Float64Array;
  amounts: Float64Array;
}

/**
 * Money-weighted yearly return (XIRR): the rate at which the flows' present value is nil, times in days ÷ 365.
 *
 * Flows that change sign more than once can have several such rates: it is then the lowest, which promises least.
 * @returns `null` when there is none
 */
export function xirr(flows: readonly CashFlow[]): number | null {
  const merged = mergeByTime(flows);
  const { amounts } = merged;
  if (!amounts.some((amount) => amount > 0) || !amounts.some((amount) => amount < 0)) return null;
  const growth = lowestRoot(merged);
  return growth === null ? null : Math.expm1(growth);
}

function mergeByTime(flows: readonly CashFlow[]): YearlyFlows {
  const amounts = new Map<number, number>();
  for (const { time, amount } of flows) amounts.set(time, (amounts.get(time) ?? 0) + amount);
  const times = [...amounts.keys()].sort((a, b) => a - b);
  const start = times[0] ?? 0;
  return {
    years: Float64Array.from(times, (time) => (time - start) / YEAR_MS),
    amounts: Float64Array.from(times, (time) => amounts.get(time) ?? 0),
  };
}

/** Where the present value first changes sign. The grid is finest around no growth at all. */
function lowestRoot(flows: YearlyFlows): number | null {
  let point = gridPoint(0);
  let sign = Math.sign(presentValue(flows, point));
  for (let step = 1; step <= STEPS; step += 1) {
    if (sign === 0) return point;
    const next = gridPoint(step);
    const nextSign = Math.sign(presentValue(flows, next));
    if (nextSign === -sign) return bisect(flows, point, next, sign);
    point = next;
    sign = nextSign;
  }
  return null;
}

function gridPoint(step: number): number {
  const position = (2 * step) / STEPS - 1;
  return (LIMIT * Math.sinh(6 * position)) / Math.sinh(6);
}

function bisect(flows: YearlyFlows, from: number, to: number, signBelow: number): number {
  let low = from;
  let high = to;
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    const sign = Math.sign(presentValue(flows, middle));
    if (sign === 0) return middle;
    if (sign === signBelow) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Present value at growth x, up to a positive factor: discounted to the first flow where money grows and to the last
 * where it shrinks, so that no term overflows.
 */
function presentValue({ years, amounts }: YearlyFlows, x: number): number {
  const origin = x < 0 ? (years.at(-1) ?? 0) : 0;
  let sum = 0;
  for (let n = 0; n < years.length; n += 1) {
    sum += (amounts[n] ?? 0) * Math.exp(-x * ((years[n] ?? 0) - origin));
  }
  return sum;
}
