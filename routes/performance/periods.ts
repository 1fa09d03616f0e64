import { z } from 'zod';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { ZERO } from '../../lib/money/money.ts';
import { type Period, PERIOD_INTERVALS, type PeriodInterval } from '../../lib/pnl/performance/calendar.ts';
import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import {
  boundariesOf,
  periodBody,
  type PeriodPnl,
  periodPnl,
  periodPnls,
} from '../../lib/pnl/performance/periods.ts';
import { type Warning, warnings } from '../../lib/schemas/warning-schema.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { firstEntryTime, portfolioHistory } from './portfolio-history.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { queryProblem } from '../http/query-problem.ts';
import { type Span, spanOf, spanQuery } from './query-span.ts';
import { periodFigures } from '../../lib/schemas/period-schema.ts';
import { usedTimeZone } from '../../lib/schemas/span-fields.ts';
import type { Services } from '../http/handler-services.ts';

const periodSchema = periodFigures
  .extend({
    closed: z.boolean().describe('Whether the period is over; until then it is valued live.'),
  })
  .meta({ id: 'Period', description: 'PnL of a day, week, month or year, in base currency.' });

/** Periods of one answer. */
const LIMIT = 1_000;

const NAMES: HistoryFigures = {
  price: ['startEquity', 'endEquity', 'pnl', 'rate', 'unrealizedChange'],
  rate: {
    costBasis: ['unrealizedChange'],
    contributions: ['netFlows', 'pnl', 'rate'],
    inflows: ['rate'],
    realisedGross: ['realizedPnl.gross'],
    realisedNet: ['realizedPnl.net'],
    fees: ['fees'],
    income: ['income'],
    transferred: ['transferredPnl'],
  },
};

/** @param first time of the first entry */
function periodsOf(span: Span, interval: PeriodInterval, first: number | null, now: number): Period[] {
  const to = Math.min(span.to ?? Infinity, now + 1);
  const from = span.from ?? Math.min(first ?? now, now);
  if (span.from === null) return span.calendar.newestPeriods(from, to, interval, LIMIT);
  const periods = span.calendar.periods(from, to, interval, LIMIT + 1);
  if (periods.length > LIMIT) {
    throw queryProblem({
      parameter: 'from',
      detail: `makes more than ${LIMIT} periods: ask for a shorter span or a longer interval`,
    });
  }
  return periods;
}

export const periodsQuery = {
  interval: z.enum(PERIOD_INTERVALS).default('day').describe('Length of the periods.'),
  ...spanQuery,
  costMethod: figure.costMethod,
};

type PeriodsQuery = z.output<z.ZodObject<typeof periodsQuery>>;

/**
 * The body of the list.
 * @throws 400 that names the parameter
 */
export async function periodList(services: Services, portfolio: Portfolio, query: PeriodsQuery) {
  const { db, clock } = services;
  const now = clock.now();
  const span = spanOf(query, { timeZone: portfolio.timeZone, now });
  const first = span.from === null ? await firstEntryTime(db, portfolio.id) : null;
  const periods = periodsOf(span, query.interval, first, now);
  const history = await portfolioHistory(services, portfolio.id, {
    instants: boundariesOf(periods),
    costMethod: query.costMethod,
    now,
    figures: NAMES,
  });
  const { terms, points, warnings } = history;
  const pnls = periodPnls(points);
  const items = pnls.map((pnl, index) => ({
    ...periodBody(pnl, periods[index]?.label ?? ''),
    closed: pnl.end <= now,
  }));
  const [start] = points;
  const end = points.at(-1);
  const whole = start === undefined || end === undefined ? null : periodPnl(start, end);
  return {
    portfolioId: portfolio.id,
    asOf: field.isoTime(now),
    position: history.position,
    baseCurrency: terms.baseCurrency,
    costMethod: terms.costMethod,
    timeZone: span.calendar.zone,
    interval: query.interval,
    items,
    nextCursor: null,
    total: whole === null ? null : totalBody(whole),
    warnings: [...warnings, ...rateWarnings(whole === null ? pnls : [...pnls, whole])],
  };
}

export const listPeriods = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl/periods',
  id: 'listPnlPeriods',
  tag: 'pnl',
  summary: 'PnL by day, week, month or year',
  description:
    'Whole calendar periods of a time zone that touch [from, to), oldest first. Weeks begin on Monday; days on which the clocks change are 23 or 25 hours long. They add up exactly: days to the month, months to the year, all of them to `total`. Without `from` they begin with the first entry, and are at most the newest 1000.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject(periodsQuery),
  status: 200,
  untagged: ['asOf'],
  response: field
    .listOf(periodSchema)
    .extend({
      ...figure.head,
      timeZone: usedTimeZone,
      interval: z.enum(PERIOD_INTERVALS).describe('Length of the periods.'),
      total: z
        .union([
          periodFigures
            .omit({ label: true })
            .meta({ id: 'PeriodTotal', description: 'PnL of several periods.' }),
          z.null(),
        ])
        .describe('All the periods together; `null` if there are none.'),
      warnings,
    })
    .meta({ id: 'PeriodList', description: 'PnL by period, oldest first; all on one page.' }),
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    return await periodList(services, portfolio, query);
  },
});

function totalBody(pnl: PeriodPnl): Omit<ReturnType<typeof periodBody>, 'label'> {
  const { label: _, ...body } = periodBody(pnl, '');
  return body;
}

/** A rate whose base is zero is undefined, and a warning says so. */
function rateWarnings(pnls: readonly PeriodPnl[]): Warning[] {
  const isUndefined = ({ pnl, startEquity, inflows }: PeriodPnl): boolean =>
    pnl !== null && startEquity !== null && inflows !== null && startEquity + inflows <= ZERO;
  if (!pnls.some(isUndefined)) return [];
  const detail = 'In some periods nothing was invested that a rate could refer to.';
  return [{ code: 'undefined-rate', detail, figures: ['rate'] }];
}
