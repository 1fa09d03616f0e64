import type { CashFlow } from './performance.ts';

const YEAR_MS = 365 * 86_400_000;

/** Growth is searched as x = ln(1 + rate) within ±LIMIT: from losing all but e⁻⁴⁰ to gaining e⁴⁰ in a year. */
const LIMIT = 40;
const STEPS = 800;
const HALVINGS = 200;
const NEWTON_STEPS = 100;

interface YearlyFlow {
  years: number;
  amount: number;
}

/**
 * Money-weighted yearly return (XIRR): the rate at which the flows' present value is nil, times in days ÷ 365.
 *
 * Flows that change sign more than once can have several such rates. As in spreadsheets it is then the one that
 * Newton's method reaches from 10 %, failing that the lowest. @returns `null` when there is none
 */
export function xirr(flows: readonly CashFlow[]): number | null {
  const merged = mergeByTime(flows);
  if (!merged.some(({ amount }) => amount > 0) || !merged.some(({ amount }) => amount < 0)) return null;
  const roots = rootsOf(merged);
  const lowest = roots[0];
  if (lowest === undefined) return null;
  const chosen = roots.length === 1 ? lowest : (reachedByNewton(merged, roots) ?? lowest);
  const rate = Math.expm1(chosen);
  return Number.isFinite(rate) ? rate : null;
}

function mergeByTime(flows: readonly CashFlow[]): YearlyFlow[] {
  const amounts = new Map<number, number>();
  for (const { time, amount } of flows) amounts.set(time, (amounts.get(time) ?? 0) + amount);
  const times = [...amounts.keys()].sort((a, b) => a - b);
  const start = times[0] ?? 0;
  return times.map((time) => ({ years: (time - start) / YEAR_MS, amount: amounts.get(time) ?? 0 }));
}

/** Where the present value changes sign, ascending. The grid is finest around no growth at all. */
function rootsOf(flows: readonly YearlyFlow[]): number[] {
  const roots: number[] = [];
  let previous = gridPoint(0);
  let before = presentValue(flows, previous);
  for (let step = 1; step <= STEPS; step += 1) {
    const point = gridPoint(step);
    const value = presentValue(flows, point);
    if (before === 0) roots.push(previous);
    else if (before * value < 0 || (value !== 0 && Math.sign(value) !== Math.sign(before))) {
      roots.push(bisect(flows, previous, point, Math.sign(before)));
    }
    previous = point;
    before = value;
  }
  return roots;
}

function gridPoint(step: number): number {
  const position = (2 * step) / STEPS - 1;
  return (LIMIT * Math.sinh(6 * position)) / Math.sinh(6);
}

function bisect(flows: readonly YearlyFlow[], from: number, to: number, signBelow: number): number {
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
function presentValue(flows: readonly YearlyFlow[], x: number): number {
  const origin = x < 0 ? (flows.at(-1)?.years ?? 0) : 0;
  return flows.reduce((sum, { years, amount }) => sum + amount * Math.exp(-x * (years - origin)), 0);
}

/** Newton's method in the rate itself, as spreadsheets do it. */
function reachedByNewton(flows: readonly YearlyFlow[], roots: readonly number[]): number | null {
  let rate = 0.1;
  for (let step = 0; step < NEWTON_STEPS; step += 1) {
    let value = 0;
    let slope = 0;
    for (const { years, amount } of flows) {
      const discounted = amount * (1 + rate) ** -years;
      value += discounted;
      slope -= (years * discounted) / (1 + rate);
    }
    const next = rate - value / slope;
    if (!Number.isFinite(next) || next <= -1) return null;
    if (Math.abs(next - rate) < 1e-10) {
      const x = Math.log1p(next);
      return roots.find((root) => Math.abs(root - x) < 1e-6) ?? null;
    }
    rate = next;
  }
  return null;
}
