import type { Fixed } from '../../money/money.ts';
import { ZERO, div, mul, toNumber } from '../../money/money.ts';
import type { Returns } from './returns.ts';
import { annualReturn, deviation, mean, quotient } from './returns.ts';
import { PERIODS_PER_YEAR } from './risk.ts';

/** Growth of the benchmark's price, `null` if it had no positive price at the start. */
export function benchmarkReturn(start: Fixed | null, end: Fixed | null): number | null {
  if (start === null || end === null || start <= ZERO) return null;
  return toNumber(div(end - start, start));
}

/**
 * What the portfolio would be worth if its initial equity and every external flow since had been invested in the
 * benchmark at the price of the time. Base currency, exact; `null` if a flow or one of the prices is unknown.
 */
export function sameFlowsEquity(
  startEquity: Fixed | null,
  flows: readonly { value: Fixed | null; price: Fixed | null }[],
  startPrice: Fixed | null,
  endPrice: Fixed | null,
): Fixed | null {
  const along = sameFlowsCurve(
    startEquity,
    flows.map((flow) => ({ time: 0, ...flow })),
    [
      { time: 0, price: startPrice },
      { time: 1, price: endPrice },
    ],
  );
  return along[1] ?? null;
}

/**
 * The same over time: at each point, in order of time, the value of the initial equity and the flows before it. The
 * last value is `sameFlowsEquity`.
 */
export function sameFlowsCurve(
  startEquity: Fixed | null,
  flows: readonly { time: number; value: Fixed | null; price: Fixed | null }[],
  points: readonly { time: number; price: Fixed | null }[],
): (Fixed | null)[] {
  const startPrice = points[0]?.price ?? null;
  let units: Fixed | null = ZERO;
  const invest = (value: Fixed | null, price: Fixed | null): void => {
    if (units === null || value === ZERO) return;
    units = value === null || price === null || price <= ZERO ? null : units + div(value, price);
  };
  invest(startEquity, startPrice);
  let next = 0;
  return points.map(({ time, price }) => {
    for (let flow = flows[next]; flow !== undefined && flow.time < time; flow = flows[next]) {
      invest(flow.value, flow.price);
      next += 1;
    }
    return units === null || price === null ? null : mul(units, price);
  });
}

export interface Comparison {
  /** The slope of the portfolio's returns against the benchmark's. */
  beta: number | null;
  /** Mean return in excess of beta × the benchmark's, as a yearly rate. */
  alpha: number | null;
  correlation: number | null;
  /** Standard deviation of the difference, annualised. */
  trackingError: number | null;
  /** Mean difference ÷ its standard deviation, per period. */
  excessSharpe: number | null;
}

/** Only periods in which both returns are known are compared. */
export function compare(returns: Returns, benchmark: Returns, periodsPerYear = PERIODS_PER_YEAR): Comparison {
  const pairs = pairsOf(returns, benchmark);
  const own = pairs.map(([r]) => r);
  const other = pairs.map(([, b]) => b);
  const active = pairs.map(([r, b]) => r - b);
  const spreadOwn = deviation(own);
  const spreadOther = deviation(other);
  const together = covariance(pairs);
  const beta = quotient(together, spreadOther === null ? null : spreadOther ** 2);
  const spreads = spreadOwn === null || spreadOther === null ? null : spreadOwn * spreadOther;
  const error = deviation(active);
  return {
    beta,
    alpha: alphaOf(mean(own), mean(other), beta, periodsPerYear),
    correlation: quotient(together, spreads),
    trackingError: error === null ? null : error * Math.sqrt(periodsPerYear),
    excessSharpe: quotient(mean(active), error),
  };
}

/** Annual return ÷ the benchmark's, over the periods in which the benchmark fell (or rose). */
export function capture(
  returns: Returns,
  benchmark: Returns,
  side: 'down' | 'up',
  periodsPerYear = PERIODS_PER_YEAR,
): number | null {
  const chosen = pairsOf(returns, benchmark).filter(([, b]) => (side === 'down' ? b < 0 : b > 0));
  return quotient(
    annualReturn(
      chosen.map(([r]) => r),
      periodsPerYear,
    ),
    annualReturn(
      chosen.map(([, b]) => b),
      periodsPerYear,
    ),
  );
}

function pairsOf(returns: Returns, benchmark: Returns): [number, number][] {
  return returns.flatMap((r, index): [number, number][] => {
    const b = benchmark[index];
    return r === null || b === null || b === undefined ? [] : [[r, b]];
  });
}

function covariance(pairs: readonly [number, number][]): number | null {
  const centreOwn = mean(pairs.map(([r]) => r));
  const centreOther = mean(pairs.map(([, b]) => b));
  if (centreOwn === null || centreOther === null || pairs.length < 2) return null;
  return pairs.reduce((sum, [r, b]) => sum + (r - centreOwn) * (b - centreOther), 0) / (pairs.length - 1);
}

function alphaOf(
  own: number | null,
  other: number | null,
  beta: number | null,
  periodsPerYear: number,
): number | null {
  if (own === null || other === null || beta === null) return null;
  return (1 + own - beta * other) ** periodsPerYear - 1;
}
