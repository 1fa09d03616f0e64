import type { Calendar, PeriodInterval } from './calendar.ts';

/**
 * Series of simple returns, oldest first, as doubles. A `null` (unknown return, such as before the first day) counts as
 * a period with a return of zero. A function returns `null` for an undefined result.
 */
export type Returns = readonly (number | null)[];

/** (1 + r₁)(1 + r₂)… − 1; 0 for an empty series. */
export function compound(returns: Returns): number {
  return returns.reduce<number>((growth, r) => growth * (1 + (r ?? 0)), 1) - 1;
}

/** The compounded return up to and including each period. */
export function cumulativeReturns(returns: Returns): number[] {
  let growth = 1;
  return returns.map((r) => {
    growth *= 1 + (r ?? 0);
    return growth - 1;
  });
}

/** A return over a number of days as a yearly rate: (1 + r)^(365 ÷ days) − 1; 0 for no time; `null` below −100 %. */
export function annualise(total: number, days: number, daysPerYear = 365): number | null {
  if (days <= 0) return 0;
  if (total < -1) return null;
  const rate = (1 + total) ** (daysPerYear / days) - 1;
  return Number.isFinite(rate) ? rate : null;
}

/** The compounded return of a series as a yearly rate; `null` for an empty series. */
export function annualReturn(returns: Returns, periodsPerYear = 365): number | null {
  return returns.length === 0 ? null : annualise(compound(returns), returns.length, periodsPerYear);
}

/** Compound annual growth rate from one value to another over a number of days. */
export function cagr(start: number, end: number, days: number): number | null {
  return start > 0 ? annualise(end / start - 1, days) : null;
}

/** Returns compounded by calendar period, oldest first. */
export function bucketReturns(
  series: readonly { time: number; value: number | null }[],
  interval: PeriodInterval,
  calendar: Calendar,
): { start: number; value: number }[] {
  const buckets = new Map<number, (number | null)[]>();
  for (const { time, value } of series) {
    const { start } = calendar.periodAt(time, interval);
    const bucket = buckets.get(start);
    if (bucket === undefined) buckets.set(start, [value]);
    else bucket.push(value);
  }
  return [...buckets].map(([start, returns]) => ({ start, value: compound(returns) }));
}

/** The returns that are known. */
export function knownReturns(returns: Returns): number[] {
  return returns.filter((r) => r !== null);
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (n − 1); `null` for fewer than two values. */
export function deviation(values: readonly number[]): number | null {
  const centre = mean(values);
  if (centre === null || values.length < 2) return null;
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** part ÷ whole; `null` if either is unknown or the whole is zero, within the noise of doubles. */
export function quotient(part: number | null, whole: number | null): number | null {
  if (part === null || whole === null || Math.abs(whole) < 1e-14) return null;
  return part / whole;
}
