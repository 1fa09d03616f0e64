import type { CashFlow } from './period-returns.ts';

const YEAR_MS = 365 * 86_400_000;

/** Growth is searched as x = ln(1 + rate) within ±LIMIT: from losing all but e⁻⁴⁰ to gaining e⁴⁰ in a year. */
const LIMIT = 40;
const STEPS = 800;
const HALVINGS = 200;

/** Flows in order of time, as two arrays: thousands of them are discounted about a thousand times. */
interface YearlyFlows {
  years: Float64Array;
  amounts: Float64Array;
}

/** A money-weighted yearly return. */
export interface Xirr {
  rate: number;
  /** All rates that fit the flows, the nearest to zero in ln(1 + rate) first; that one is `rate`. */
  rates: readonly number[];
}

/**
 * Money-weighted yearly return (XIRR): the rate at which the net present value of the flows is zero, with times in days
 * ÷ 365. Flows that change sign more than once can have several such rates; the result is then the one nearest to zero
 * in ln(1 + rate), which spreadsheets find from their usual guess.
 * @returns `null` if there is none
 */
export function xirr(flows: readonly CashFlow[]): Xirr | null {
  const merged = mergeByTime(flows);
  const { amounts } = merged;
  if (!amounts.some((amount) => amount > 0) || !amounts.some((amount) => amount < 0)) return null;
  const roots = rootsOf(merged).sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  const rates = roots.map((root) => Math.expm1(root));
  const [rate] = rates;
  return rate === undefined ? null : { rate, rates };
}

function mergeByTime(flows: readonly CashFlow[]): YearlyFlows {
  const amounts = new Map<number, number>();
  for (const { time, amount } of flows) amounts.set(time, (amounts.get(time) ?? 0) + amount);
  // Flows that sum to zero would make the present value vanish where the other terms underflow.
  const times = [...amounts.keys()].filter((time) => amounts.get(time) !== 0).sort((a, b) => a - b);
  const start = times[0] ?? 0;
  return {
    years: Float64Array.from(times, (time) => (time - start) / YEAR_MS),
    amounts: Float64Array.from(times, (time) => amounts.get(time) ?? 0),
  };
}

/**
 * Where the present value changes sign, searched on both sides of zero growth, where the grid is finest. Flows that
 * change sign once have a single root, so the search ends there.
 */
function rootsOf(flows: YearlyFlows): number[] {
  const wanted = signChanges(flows.amounts) === 1 ? 1 : Infinity;
  const roots: number[] = [];
  const signs = new Map<number, number>();
  const signAt = (step: number): number => {
    let sign = signs.get(step);
    if (sign === undefined) signs.set(step, (sign = Math.sign(presentValue(flows, gridPoint(step)))));
    return sign;
  };
  const look = (step: number): void => {
    const sign = signAt(step);
    if (signAt(step + 1) === -sign && sign !== 0) {
      roots.push(bisect(flows, gridPoint(step), gridPoint(step + 1), sign));
    }
  };
  if (signAt(STEPS / 2) === 0) roots.push(0);
  for (let away = 0; away < STEPS / 2 && roots.length < wanted; away += 1) {
    const [below, above] = [STEPS / 2 - away - 1, STEPS / 2 + away];
    look(below);
    look(above);
    for (const step of [below, above + 1]) if (signAt(step) === 0) roots.push(gridPoint(step));
  }
  return roots;
}

function signChanges(amounts: Float64Array): number {
  let changes = 0;
  for (let n = 1; n < amounts.length; n += 1) {
    if (Math.sign(amounts[n] ?? 0) !== Math.sign(amounts[n - 1] ?? 0)) changes += 1;
  }
  return changes;
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
 * Present value at growth x, up to a positive factor: discounted to the first flow if money grows and to the last if it
 * shrinks, so that no term overflows.
 */
function presentValue({ years, amounts }: YearlyFlows, x: number): number {
  const origin = x < 0 ? (years.at(-1) ?? 0) : 0;
  let sum = 0;
  for (let n = 0; n < years.length; n += 1) {
    sum += (amounts[n] ?? 0) * Math.exp(-x * ((years[n] ?? 0) - origin));
  }
  return sum;
}
