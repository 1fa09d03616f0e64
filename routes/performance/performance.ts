import { z } from 'zod';
import { periodPnl } from '../../lib/pnl/performance/periods.ts';
import { performanceBody } from '../../lib/pnl/performance/performance-body.ts';
import { benchmarkPrices, benchmarkWarnings } from './benchmark-prices.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { performanceFigures } from '../../lib/schemas/performance-schema.ts';
import { usedTimeZone } from '../../lib/schemas/span-fields.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { reachOf, readSpan } from './performance-span.ts';
import { COMPARISON, explained, gatheredFlows, PERFORMANCE_FIGURES } from './performance-warnings.ts';
import { costMethod, head } from '../../lib/schemas/figure-fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { firstEntryTime } from './portfolio-history.ts';
import { benchmarkOf } from '../portfolios/portfolio-body.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { spanOf, spanQuery } from './query-span.ts';

const rate = z
  .string()
  .regex(/^-?\d{1,2}(\.\d{1,10})?$/, { error: 'must be a plain decimal', abort: true })
  .refine((text) => Number(text) > -1 && Number(text) <= 10, 'must be above -1 and at most 10');

const performanceSchema = z
  .object({
    ...head,
    timeZone: usedTimeZone,
    from: field.timestamp.describe('Start of the span, inclusive.'),
    to: field.timestamp.describe('End of the span, exclusive.'),
    days: z.int().min(0).describe('Calendar days that the span touches, each with a return of its own.'),
    periodsPerYear: z.number().describe('What daily figures were annualised by.'),
    riskFree: field.decimal.describe('The yearly risk-free rate used, as a fraction.'),
    ...performanceFigures.shape,
    warnings,
  })
  .meta({ id: 'Performance', description: 'Returns, risk and sales of a portfolio over a span of days.' });

export const getPerformance = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/performance',
  id: 'getPerformance',
  tag: 'pnl',
  summary: 'Returns, against a benchmark; risk; statistics of closed trades',
  description:
    'Over [from, to), by the days of a time zone. Without `from`, or if `from` is earlier, it begins on the day of the first entry. The current day is valued live and counts as a day. Figures that are unknown or undefined are `null`, and `warnings` says why. With `Cache-Control: max-stale` it may be up to ten seconds behind the prices, and is marked `X-Cache: stale`; never behind the ledger.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...spanQuery,
    benchmark: field.symbol
      .optional()
      .meta({ description: "Symbol to compare with; the portfolio's if omitted.", example: 'BTC/KRW' }),
    periodsPerYear: z.coerce
      .number()
      .min(1)
      .max(366)
      .default(365)
      .describe('What daily figures are annualised by; coins trade every day of the year.'),
    riskFree: rate
      .default('0')
      .meta({ description: 'Yearly risk-free rate as a fraction: `0.03` is 3 %.', example: '0.03' }),
    costMethod,
  }),
  status: 200,
  untagged: ['asOf'],
  cache: { kind: 'statistics', staleS: 10 },
  response: performanceSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, clock, timeline } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const now = clock.now();
    const span = spanOf(query, { timeZone: portfolio.timeZone, now });
    const { id: owner, version, updatedAt } = portfolio;
    const today = span.calendar.periodAt(now, 'day').start;
    const basis = [version, updatedAt, portfolio.timeZone, today, services.market.closesBasis].join(' ');
    return new Cached({ owner, question: query, basis }, async (market) => {
      const sources = { db, market, timeline };
      const first = await firstEntryTime(db, portfolio.id);
      const reach = reachOf(span, first, now);
      const { history, activity, flows, points } = await readSpan(sources, portfolio.id, reach, {
        costMethod: query.costMethod,
        figures: PERFORMANCE_FIGURES,
      });
      const symbol = query.benchmark ?? benchmarkOf(portfolio);
      const { terms } = history;
      const priceAt =
        symbol === null
          ? null
          : await benchmarkPrices(sources, symbol, terms, {
              instants: [...points, ...flows].map(({ time }) => time),
              now,
            });
      const [start] = points;
      const end = points.at(-1);
      const fees = start === undefined || end === undefined ? null : periodPnl(start, end).fees;
      const body = performanceBody({
        points,
        flows,
        benchmark: symbol === null || priceAt === null ? null : { symbol, priceAt },
        trades: activity.closed.stats({ fees, turnover: activity.turnover }),
        periodsPerYear: query.periodsPerYear,
        riskFree: Number(query.riskFree),
      });
      const unpriced =
        symbol === null || priceAt === null
          ? []
          : benchmarkWarnings({ symbol, terms }, [...points, ...flows], {
              priceAt,
              figures: COMPARISON,
            });
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
        warnings: [
          ...explained(body, [...history.warnings, ...unpriced]),
          ...gatheredFlows(activity.flowGrainMs),
        ],
      };
    });
  },
});
