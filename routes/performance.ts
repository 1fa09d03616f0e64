import { z } from 'zod';
import { closeAt } from '../db/candles.ts';
import { periodPnl } from '../lib/pnl/periods.ts';
import { COST_METHODS, type CostMethod } from '../lib/pnl/entry.ts';
import type { HistoryFigures } from '../lib/pnl/history-warnings.ts';
import { type PerformanceBody, performanceBody, undefinedFigures } from '../lib/pnl/performance-body.ts';
import type { TotalsAt } from '../lib/pnl/totals.ts';
import type { Warning } from '../lib/pnl/warning.ts';
import { benchmarkPrices } from './benchmark-prices.ts';
import { endpoint } from './endpoint.ts';
import * as field from './fields.ts';
import { costMethod, position } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { firstEntryTime, portfolioHistory } from './portfolio-history.ts';
import { benchmarkOf, portfolioParams } from './portfolios.ts';
import { queryProblem } from './query-problem.ts';
import { type Span, spanOf, spanQuery } from './query-span.ts';
import type { Services } from './services.ts';
import { spanActivity } from './span-activity.ts';

const closedTrade = z.union([z.object({ entryId: field.id, profit: field.decimal }), z.null()]);
const count = z.int().min(0);

const performanceSchema = z
  .object({
    portfolioId: field.id,
    asOf: field.timestamp,
    position,
    baseCurrency: field.asset,
    costMethod: z.enum(COST_METHODS),
    timeZone: z.string(),
    from: field.timestamp,
    to: field.timestamp,
    days: count.meta({ description: 'Calendar days that the span touches: as many sub-returns.' }),
    periodsPerYear: z.number(),
    riskFree: field.decimal,
    startEquity: field.decimalOrNull,
    endEquity: field.decimalOrNull,
    netFlows: field.decimalOrNull,
    pnl: field.decimalOrNull,
    twr: field.decimalOrNull.meta({
      description: 'Time-weighted return: daily (end + outflow) ÷ (start + inflow) − 1, chain-linked.',
    }),
    annualReturn: field.decimalOrNull.meta({ description: '`twr` as a yearly rate.' }),
    xirr: field.decimalOrNull.meta({ description: 'Money-weighted yearly rate, ACT/365.' }),
    simple: field.decimalOrNull.meta({ description: '`pnl` ÷ (`startEquity` + `netFlows`).' }),
    benchmark: z.union([
      z.object({
        symbol: field.symbol,
        return: field.decimalOrNull.meta({ description: 'Of its price in base currency.' }),
        equity: field.decimalOrNull.meta({
          description: 'What the same start and external flows put into it would be worth.',
        }),
        excess: field.decimalOrNull.meta({ description: '`twr` − `return`.' }),
        beta: field.decimalOrNull,
        alpha: field.decimalOrNull.meta({ description: 'A yearly rate.' }),
        correlation: field.decimalOrNull,
        trackingError: field.decimalOrNull,
        days: count.meta({ description: 'With both returns known: the last four figures are of those.' }),
      }),
      z.null(),
    ]),
    risk: z.object({
      days: count.meta({ description: 'With a known return: volatility, Sharpe and Sortino are of those.' }),
      maxDrawdown: z.union([
        z.object({
          depth: field.decimal.meta({ description: 'Share of the peak that was lost.' }),
          peak: z.union([field.timestamp, z.null()]),
          trough: z.union([field.timestamp, z.null()]),
          recovery: z
            .union([field.timestamp, z.null()])
            .meta({ description: '`null` while the peak is not reached again.' }),
        }),
        z.null(),
      ]),
      volatility: field.decimalOrNull,
      sharpe: field.decimalOrNull,
      sortino: field.decimalOrNull,
      calmar: field.decimalOrNull,
    }),
    trades: z
      .object({
        count,
        wins: count,
        losses: count,
        unknown: count.meta({ description: 'Sales without a rate: left out of the other figures.' }),
        winRate: field.decimalOrNull,
        profitFactor: field.decimalOrNull,
        expectancy: field.decimalOrNull,
        expectancyRatio: field.decimalOrNull,
        averageWin: field.decimalOrNull,
        averageLoss: field.decimalOrNull,
        best: closedTrade,
        worst: closedTrade,
        averageHoldingMs: z.union([count, z.null()]),
        totalProfit: field.decimal,
        fees: field.decimalOrNull,
        turnover: field.decimalOrNull,
      })
      .meta({ description: 'Of the sales in the span; `profit` is net realised PnL.' }),
    warnings: z.array(field.warning),
  })
  .meta({ id: 'Performance' });

/** Ten years of days in one answer. */
const LIMIT = 3_660;

const RETURNS = ['twr', 'annualReturn', 'simple', 'xirr', 'benchmark.excess', 'benchmark.equity'];
const RISK = ['volatility', 'sharpe', 'sortino', 'maxDrawdown', 'calmar'].map((name) => `risk.${name}`);
const COMPARED = ['beta', 'alpha', 'correlation', 'trackingError'].map((name) => `benchmark.${name}`);
const OF_FLOWS = ['pnl', ...RETURNS, ...RISK, ...COMPARED];
const OF_SALES = ['fees', 'turnover'].map((name) => `trades.${name}`);

const NAMES: HistoryFigures = {
  price: ['startEquity', 'endEquity', ...OF_FLOWS],
  rate: {
    contributions: ['netFlows', ...OF_FLOWS],
    inflows: OF_FLOWS,
    realisedNet: OF_SALES,
    costBasis: OF_SALES,
    fees: OF_SALES,
  },
};

const rate = z
  .string()
  .regex(/^-?\d{1,2}(\.\d{1,10})?$/, 'must be a plain decimal')
  .refine((text) => Number(text) > -1 && Number(text) <= 10, 'must be above -1 and at most 10');

export const getPerformance = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/performance',
  id: 'getPerformance',
  tag: 'pnl',
  summary: 'Returns, against a benchmark; risk; statistics of closed trades',
  description:
    'Over [from, to), by the days of a time zone. Without `from`, and where that is earlier, from the day of the first entry on. The day that is going on is valued live and counts as one. What is not known, or not defined, is `null`, and `warnings` says why.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...spanQuery,
    benchmark: field.symbol
      .optional()
      .meta({ description: "The portfolio's when left out.", example: 'BTC/KRW' }),
    periodsPerYear: z.coerce
      .number()
      .min(1)
      .max(366)
      .default(365)
      .meta({ description: 'What daily figures are annualised by: coins trade every day.' }),
    riskFree: rate.default('0').meta({ description: 'A yearly rate.', example: '0.03' }),
    costMethod,
  }),
  status: 200,
  response: performanceSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, clock } = services;
    const portfolio = await readablePortfolio(db, params.portfolioId, caller);
    const now = clock.now();
    const span = spanOf(query, { timeZone: portfolio.timeZone, now });
    const first = await firstEntryTime(db, portfolio.id);
    const reach = reachOf(span, first, now);
    await assertBenchmark(services, query.benchmark, reach.end);
    const { history, activity, points } = await readSpan(services, portfolio.id, reach, query.costMethod);
    const symbol = query.benchmark ?? benchmarkOf(portfolio);
    const { terms } = history;
    const priceAt =
      symbol === null
        ? null
        : await benchmarkPrices(services, symbol, terms.baseCurrency, {
            instants: [...points, ...activity.flows].map(({ time }) => time),
            now,
          });
    const [start] = points;
    const end = points.at(-1);
    const fees = start === undefined || end === undefined ? null : periodPnl(start, end).fees;
    const body = performanceBody({
      points,
      flows: activity.flows,
      benchmark: symbol === null || priceAt === null ? null : { symbol, priceAt },
      trades: activity.closed.stats({ fees, turnover: activity.turnover }),
      periodsPerYear: query.periodsPerYear,
      riskFree: Number(query.riskFree),
    });
    const unpriced =
      symbol === null || priceAt === null
        ? []
        : benchmarkWarnings(symbol, [...points, ...activity.flows], priceAt);
    return {
      portfolioId: portfolio.id,
      asOf: field.isoTime(now),
      position: history.position,
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      timeZone: span.calendar.zone,
      from: field.isoTime(reach.instants[0] ?? reach.end),
      to: field.isoTime(reach.end),
      days: points.length - 1,
      periodsPerYear: query.periodsPerYear,
      riskFree: query.riskFree,
      ...body,
      warnings: explained(body, [...history.warnings, ...unpriced]),
    };
  },
});

interface Reach {
  /** The start and the beginning of each further day. */
  instants: number[];
  /** Where the answer ends: now at the latest. */
  end: number;
  /** Up to where entries count: when that is now, all of today's do, as in the live figures. */
  asked: number;
  now: number;
}

function reachOf({ from, to, calendar }: Span, first: number | null, now: number): Reach {
  const isLive = to === null || to > now;
  const end = isLive ? now : to;
  const opened = calendar.startOfDay(Math.min(first ?? end, end));
  // Days before there was anything would only water the statistics down.
  const start = Math.min(Math.max(from ?? opened, opened), end);
  const days = calendar.periods(start, end, 'day').map((day) => day.start);
  const instants = [start, ...days.filter((day) => day > start)];
  const asked = isLive ? calendar.periodAt(now, 'day').end : end;
  if (instants.length <= LIMIT) return { instants, end, asked, now };
  if (from !== null) throw queryProblem({ parameter: 'from', detail: `makes more than ${LIMIT} days` });
  return { instants: instants.slice(-LIMIT), end, asked, now };
}

/** How often a ledger that moves under the reader is read anew. */
const ATTEMPTS = 3;

/** What it was worth, and what happened in it, of one version of the ledger. */
async function readSpan(
  services: Services,
  portfolioId: string,
  { instants, end, asked, now }: Reach,
  method: CostMethod | undefined,
): Promise<{
  history: Awaited<ReturnType<typeof portfolioHistory>>;
  activity: Awaited<ReturnType<typeof spanActivity>>;
  points: TotalsAt[];
}> {
  const [from = end] = instants;
  for (let attempt = 1; ; attempt += 1) {
    const activity = await spanActivity(services.db, portfolioId, { from, to: asked, costMethod: method });
    const history = await portfolioHistory(services, portfolioId, {
      instants: [...instants, asked],
      costMethod: method,
      now,
      figures: NAMES,
    });
    if (activity.version !== history.version && attempt < ATTEMPTS) continue;
    // Clocks that are ahead make entries that are: to this answer they have just happened.
    const flows = activity.flows.map(({ time, value }) => ({ time: Math.min(time, end - 1), value }));
    const points = history.points.map((point) => ({ ...point, time: Math.min(point.time, end) }));
    return { history, activity: { ...activity, flows }, points };
  }
}

/** @throws the 400 that names a benchmark which nobody has ever seen a price of */
async function assertBenchmark(
  { db, market }: Services,
  symbol: string | undefined,
  end: number,
): Promise<void> {
  if (symbol === undefined || market.price(symbol) !== null) return;
  if ((await closeAt(db, symbol, end)) !== null) return;
  throw queryProblem({ parameter: 'benchmark', detail: 'has no price by the end of the span' });
}

function benchmarkWarnings(
  symbol: string,
  instants: readonly { time: number }[],
  priceAt: (time: number) => unknown,
): Warning[] {
  const lacking = instants.filter(({ time }) => priceAt(time) === null).map(({ time }) => time);
  if (lacking.length === 0) return [];
  const last = new Date(Math.max(...lacking)).toISOString();
  const detail = `the benchmark ${symbol} has no price in base currency at some instants up to ${last}`;
  const figures = ['return', 'equity', 'excess'].map((name) => `benchmark.${name}`);
  return [{ code: 'missing-price', detail, figures: [...figures, ...COMPARED] }];
}

/** Warnings that name the figures which are `null` because of them; what nothing explains is not defined. */
function explained(body: PerformanceBody, warnings: readonly Warning[]): Warning[] {
  const missing = undefinedFigures(body);
  const named = warnings.map((warning): Warning => ({
    ...warning,
    figures: warning.figures?.filter((figure) => missing.includes(figure)) ?? [],
  }));
  const known = new Set(named.flatMap(({ figures }) => figures ?? []));
  const rest = missing.filter((figure) => !known.has(figure));
  const unrated = rest.filter((figure) => OF_SALES.includes(figure));
  const undefinable = rest.filter((figure) => !OF_SALES.includes(figure));
  if (unrated.length > 0) {
    const detail = 'entries have no rate to the base currency: what depends on them is not known';
    named.push({ code: 'missing-rate', detail, figures: unrated });
  }
  if (undefinable.length > 0) {
    const detail = 'there is too little in the span to work it out of, or nothing that it could refer to';
    named.push({ code: 'undefined-rate', detail, figures: undefinable });
  }
  return named;
}
