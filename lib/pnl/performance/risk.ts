import { growthIndex, maxDrawdown } from './drawdown.ts';
import type { Returns } from './returns.ts';
import { annualReturn, deviation, knownReturns, mean, quotient } from './returns.ts';

/** Risk figures of a series of returns, daily unless `periodsPerYear` says otherwise. `null`: undefined. */

/** Coins trade every day of the year. */
export const PERIODS_PER_YEAR = 365;

/** Sample standard deviation, annualised. */
export function volatility(returns: Returns, periodsPerYear = PERIODS_PER_YEAR): number | null {
  const daily = deviation(knownReturns(returns));
  return daily === null ? null : daily * Math.sqrt(periodsPerYear);
}

/** Mean return in excess of the risk-free return of a period ÷ its standard deviation, annualised. */
export function sharpe(returns: Returns, riskFree = 0, periodsPerYear = PERIODS_PER_YEAR): number | null {
  const excess = knownReturns(returns).map((r) => r - riskFree);
  const daily = quotient(mean(excess), deviation(excess));
  return daily === null ? null : daily * Math.sqrt(periodsPerYear);
}

/** Root mean square of the shortfalls below the required return of a period, over all periods, annualised. */
export function downsideRisk(
  returns: Returns,
  required = 0,
  periodsPerYear = PERIODS_PER_YEAR,
): number | null {
  const squares = mean(knownReturns(returns).map((r) => Math.min(0, r - required) ** 2));
  return squares === null ? null : Math.sqrt(squares) * Math.sqrt(periodsPerYear);
}

/** Mean return in excess of the required return, annualised ÷ downside risk. */
export function sortino(returns: Returns, required = 0, periodsPerYear = PERIODS_PER_YEAR): number | null {
  const excess = mean(knownReturns(returns).map((r) => r - required));
  return quotient(
    excess === null ? null : excess * periodsPerYear,
    downsideRisk(returns, required, periodsPerYear),
  );
}

/** Annual return ÷ depth of the maximum drawdown; `null` without a drawdown. */
export function calmar(returns: Returns, periodsPerYear = PERIODS_PER_YEAR): number | null {
  return quotient(annualReturn(returns, periodsPerYear), drawdownOf(returns));
}

/** The maximum drawdown of a series of returns; 0 if it never falls. */
export function drawdownOf(returns: Returns): number {
  const points = growthIndex(
    0,
    returns.map((value, index) => ({ time: index + 1, value })),
  );
  return maxDrawdown(points)?.depth ?? 0;
}

/**
 * Sum of the excesses over a threshold ÷ sum of the shortfalls below it (Omega ratio). `requiredAnnual` is a yearly
 * return.
 */
export function omega(
  returns: Returns,
  riskFree = 0,
  requiredAnnual = 0,
  periodsPerYear = PERIODS_PER_YEAR,
): number | null {
  const threshold = (1 + requiredAnnual) ** (1 / periodsPerYear) - 1 + riskFree;
  const excess = knownReturns(returns).map((r) => r - threshold);
  const above = excess.reduce((sum, r) => sum + Math.max(0, r), 0);
  const below = excess.reduce((sum, r) => sum + Math.max(0, -r), 0);
  return quotient(above, below);
}

/**
 * Standard deviation of logarithmic returns over the whole series, not annualised, and that of the negative ones alone
 * (Portfolio Performance's volatility and semi-volatility): mean of squares × number of periods.
 */
export function spanVolatility(returns: Returns): { all: number; down: number } | null {
  const logs = knownReturns(returns).map((r) => Math.log1p(r));
  const centre = mean(logs);
  if (centre === null || logs.length < 2) return null;
  const scale = logs.length / (logs.length - 1);
  const squares = (chosen: readonly number[]): number =>
    chosen.reduce((sum, log) => sum + (log - centre) ** 2, 0);
  return {
    all: Math.sqrt(squares(logs) * scale),
    down: Math.sqrt(squares(logs.filter((log) => log < centre)) * scale),
  };
}
