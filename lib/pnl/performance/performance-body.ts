import type { Fixed } from '../../money/money.ts';
import { decimalOrNull, ZERO } from '../../money/money.ts';
import { benchmarkReturn, compare, sameFlowsEquity } from './benchmark.ts';
import { growthIndex, maxDrawdown } from './drawdown.ts';
import type { TimedFlow } from './flow-bins.ts';
import { investorFlows, periodReturns, simpleReturn, twr } from './period-returns.ts';
import type { PeriodPnl } from './periods.ts';
import { periodPnl, periodPnls } from './periods.ts';
import { statistic } from '../../money/ratio.ts';
import type { Returns } from './returns.ts';
import { annualReturn, knownReturns } from './returns.ts';
import { calmar, sharpe, sortino, volatility } from './risk.ts';
import type { TotalsAt } from '../ledger/totals.ts';
import { xirr } from './xirr.ts';
import type {
  BenchmarkBody,
  PerformanceBody,
  RiskBody,
  TradeStats,
} from '../../schemas/performance-schema.ts';

export interface PerformanceInput {
  /** At the start, at the beginning of each further day, and at the end; at least two. */
  points: readonly TotalsAt[];
  /** External flows between the first and last point, in order of time. */
  flows: readonly TimedFlow[];
  /** Prices in the base currency; `null` if there is no benchmark. */
  benchmark: { symbol: string; priceAt: (time: number) => Fixed | null } | null;
  trades: TradeStats;
  /** For annualising daily figures. */
  periodsPerYear: number;
  /** A yearly rate. */
  riskFree: number;
}

/** @throws RangeError for fewer than two points */
export function performanceBody(input: PerformanceInput): PerformanceBody {
  const { points, flows, benchmark, trades, periodsPerYear, riskFree } = input;
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) {
    throw new RangeError('performance is that of a span: it takes two points');
  }
  const span = periodPnl(first, last);
  const days = periodPnls(points);
  // Without invested capital there is no return.
  const isIdle = days.every(isNothing);
  const returns = isIdle ? days.map(() => null) : periodReturns(days);
  const total = twr(returns);
  const daily = (1 + riskFree) ** (1 / periodsPerYear) - 1;
  const invested = investorFlows(span, flows);
  const weighted = invested === null ? null : xirr(invested);
  return {
    startEquity: decimalOrNull(span.startEquity),
    endEquity: decimalOrNull(span.endEquity),
    netFlows: decimalOrNull(span.netFlows),
    pnl: decimalOrNull(span.pnl),
    twr: statistic(total),
    annualReturn: statistic(total === null ? null : annualReturn(returns, periodsPerYear)),
    xirr: statistic(weighted?.rate ?? null),
    xirrRoots: invested === null ? null : (weighted?.rates.length ?? 0),
    simple: statistic(simpleReturn(span)),
    benchmark:
      benchmark === null
        ? null
        : benchmarkBody(benchmark, { span, flows, points, returns, total, daily, periodsPerYear }),
    risk: riskBody(days, returns, daily, periodsPerYear),
    trades,
  };
}

function isNothing({ startEquity, endEquity, inflows, pnl }: PeriodPnl): boolean {
  return [startEquity, endEquity, inflows, pnl].every((amount) => amount === ZERO);
}

function benchmarkBody(
  { symbol, priceAt }: NonNullable<PerformanceInput['benchmark']>,
  own: {
    span: PeriodPnl;
    flows: readonly TimedFlow[];
    points: readonly TotalsAt[];
    returns: Returns;
    total: number | null;
    /** Risk-free return of a day. */
    daily: number;
    periodsPerYear: number;
  },
): BenchmarkBody {
  const { span, flows, points, returns, total, daily, periodsPerYear } = own;
  const prices = points.map(({ time }) => priceAt(time));
  const theirs = prices.slice(1).map((price, index) => benchmarkReturn(prices[index] ?? null, price));
  const start = prices[0] ?? null;
  const end = prices.at(-1) ?? null;
  const whole = benchmarkReturn(start, end);
  const bought = flows.map(({ time, value }) => ({ value, price: priceAt(time) }));
  // Beta, correlation and tracking error are the same with or without the risk-free rate; alpha is not.
  const beyond = (series: Returns): (number | null)[] => series.map((r) => (r === null ? null : r - daily));
  const compared = compare(beyond(returns), beyond(theirs), periodsPerYear);
  return {
    symbol,
    return: statistic(whole),
    equity: decimalOrNull(sameFlowsEquity(span.startEquity, bought, start, end)),
    excess: statistic(total === null || whole === null ? null : total - whole),
    beta: statistic(compared.beta),
    alpha: statistic(compared.alpha),
    correlation: statistic(compared.correlation),
    trackingError: statistic(compared.trackingError),
    days: theirs.filter((r, index) => r !== null && returns[index] !== null).length,
  };
}

function riskBody(
  days: readonly PeriodPnl[],
  returns: Returns,
  daily: number,
  periodsPerYear: number,
): RiskBody {
  const whole = !returns.includes(null);
  const ratio = calmar(returns, periodsPerYear);
  return {
    days: knownReturns(returns).length,
    // An unknown day may have been the deepest drawdown of all.
    maxDrawdown: whole ? drawdownBody(days, returns) : null,
    volatility: statistic(volatility(returns, periodsPerYear)),
    sharpe: statistic(sharpe(returns, daily, periodsPerYear)),
    sortino: statistic(sortino(returns, daily, periodsPerYear)),
    calmar: statistic(whole ? ratio : null),
  };
}

function drawdownBody(days: readonly PeriodPnl[], returns: Returns): RiskBody['maxDrawdown'] {
  const steps = days.map(({ end }, index) => ({ time: end, value: returns[index] ?? null }));
  const found = maxDrawdown(growthIndex(days[0]?.start ?? 0, steps));
  if (found === null) return { depth: '0', peak: null, trough: null, recovery: null };
  const depth = statistic(found.depth);
  if (depth === null) return null;
  return {
    depth,
    peak: iso(found.peak.time),
    trough: iso(found.trough.time),
    recovery: found.recovery === null ? null : iso(found.recovery.time),
  };
}

/** The fields that are `null` because they are unknown or undefined, as paths such as `risk.sharpe`. */
export function undefinedFigures(body: PerformanceBody): string[] {
  const { benchmark, risk, trades, ...own } = body;
  const nullsOf = (part: object | null, prefix: string): string[] =>
    Object.entries(part ?? {}).flatMap(([name, value]) => (value === null ? [`${prefix}${name}`] : []));
  return [
    ...nullsOf(own, ''),
    ...nullsOf(benchmark, 'benchmark.'),
    ...nullsOf(risk, 'risk.'),
    ...nullsOf(trades, 'trades.'),
  ];
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
