import { z } from 'zod';
import { decimalOrNull, toNumber } from '../lib/money.ts';
import { type Calendar, PERIOD_INTERVALS } from '../lib/pnl/calendar.ts';
import { downsample } from '../lib/pnl/downsample.ts';
import { COST_METHODS, type CostMethod } from '../lib/pnl/entry.ts';
import type { HistoryFigures } from '../lib/pnl/history-warnings.ts';
import type { TotalsAt } from '../lib/pnl/totals.ts';
import { assertBenchmark } from './benchmark-prices.ts';
import { endpoint } from './endpoint.ts';
import * as field from './fields.ts';
import { costMethod, position } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { type Reach, readSpan } from './performance-span.ts';
import { firstEntryTime, type PortfolioHistory, portfolioHistory } from './portfolio-history.ts';
import { portfolioParams } from './portfolios.ts';
import { queryProblem } from './query-problem.ts';
import { type Span, spanOf, spanQuery } from './query-span.ts';
import { benchmarkCurve } from './series-benchmark.ts';
import type { Services } from './services.ts';

const STEP_MS = { minute: 60_000, hour: 3_600_000 } as const;
const INTERVALS = ['minute', 'hour', ...PERIOD_INTERVALS] as const;
type Interval = (typeof INTERVALS)[number];

const METRICS = ['equity', 'contributions', 'pnl'] as const;
type Metric = (typeof METRICS)[number];

/** Instants that one answer is worked out for. */
const LIMIT = 5_000;

const NAMES: HistoryFigures = {
  price: ['equity', 'pnl'],
  rate: { contributions: ['contributions', 'pnl'] },
};

const epochTime = z.int().meta({ description: 'Epoch milliseconds.' });

const head = {
  portfolioId: field.id,
  asOf: field.timestamp,
  position,
  baseCurrency: field.asset,
  costMethod: z.enum(COST_METHODS),
  timeZone: z.string(),
  interval: z.enum(INTERVALS),
  warnings: z.array(field.warning),
};

const pointsSchema = z
  .object({
    ...head,
    metric: z.enum(METRICS),
    points: z.array(z.tuple([epochTime, field.decimalOrNull])),
  })
  .meta({ id: 'SeriesPoints' });

const columnsSchema = z
  .object({
    ...head,
    columns: z.object({
      t: z.array(epochTime),
      equity: z.array(field.decimalOrNull),
      contributions: z.array(field.decimalOrNull),
      pnl: z.array(field.decimalOrNull),
      benchmark: z.array(field.decimalOrNull).optional().meta({
        description:
          'If asked for: what the equity at `from` and the external flows since would be worth in it.',
      }),
    }),
  })
  .meta({ id: 'SeriesColumns' });

interface Steps {
  interval: Interval;
  /** Of minutes and hours. */
  every: number;
}

/** Ascending instants with `from` first, then every beginning of an interval before `to`. */
function instantsOf(from: number, to: number, { interval, every }: Steps, calendar: Calendar): number[] {
  const starts: number[] = [];
  if (interval === 'minute' || interval === 'hour') {
    const step = STEP_MS[interval] * every;
    // One more than are allowed tells that there are too many.
    const next = Math.floor(from / step) * step + step;
    for (let start = next; start < to && starts.length <= LIMIT; start += step) starts.push(start);
  } else {
    for (const { start } of calendar.periods(from, to, interval)) if (start > from) starts.push(start);
  }
  return [from, ...starts];
}

function defaultStart(first: number | null, to: number, steps: Steps, calendar: Calendar): number {
  const { interval, every } = steps;
  const from = Math.min(first ?? to, to);
  if (interval !== 'minute' && interval !== 'hour') {
    const start = calendar.periodAt(from, interval).start;
    return instantsOf(start, to, steps, calendar).slice(1 - LIMIT)[0] ?? start;
  }
  const step = STEP_MS[interval] * every;
  return Math.max(Math.floor(from / step) * step, (Math.floor(to / step) - LIMIT + 2) * step);
}

const figure: Record<Metric, (point: TotalsAt) => bigint | null> = {
  equity: (point) => point.equity,
  contributions: (point) => point.contributions,
  pnl: (point) => point.totalPnl,
};

export const getSeries = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/series',
  id: 'getSeries',
  tag: 'pnl',
  summary: 'Equity, contributions and PnL over time, for charts',
  description:
    'At `from`, at the beginning of every interval after it, and at `to` (now, valued live, when left out). Without `from` it begins with the first entry, and has 5000 instants at most. Minutes and hours are those of UTC.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    interval: z.enum(INTERVALS).default('day'),
    every: z.coerce.number().int().min(1).max(60).default(1).meta({
      description: 'Of minutes and hours only every so many: `interval=minute&every=10`.',
    }),
    ...spanQuery,
    format: z
      .enum(['points', 'columns'])
      .default('columns')
      .meta({ description: '`points`: `[[t, v], …]` of one metric. `columns`: an array a figure.' }),
    metric: z
      .enum(METRICS)
      .default('equity')
      .meta({ description: 'Of `points`; and whose shape is kept when there are fewer points.' }),
    points: z.coerce.number().int().min(3).max(LIMIT).optional().meta({
      description:
        'At most so many points, chosen so that the line keeps its look (LTTB): they are real ones.',
    }),
    benchmark: field.symbol.optional().meta({
      description: 'Of `columns`: adds the curve of the same money in this symbol.',
      example: 'BTC/KRW',
    }),
    costMethod,
  }),
  status: 200,
  untagged: ['asOf'],
  response: z.union([pointsSchema, columnsSchema]),
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db, clock } = services;
    const { interval, metric } = query;
    const portfolio = await readablePortfolio(db, params.portfolioId, caller);
    const now = clock.now();
    const span: Span = spanOf(query, { timeZone: portfolio.timeZone, now });
    const { calendar } = span;
    const isLive = span.to === null || span.to > now;
    const end = isLive ? now : (span.to ?? now);
    const first = span.from === null ? await firstEntryTime(db, portfolio.id) : null;
    const from = span.from ?? defaultStart(first, end, query, calendar);
    const instants = instantsOf(from, end, query, calendar);
    if (instants.length >= LIMIT) {
      throw queryProblem({ parameter: 'from', detail: `makes more than ${LIMIT} instants` });
    }
    // Today's figures count all of today's entries, as the live ones do.
    const asked = isLive ? calendar.periodAt(now, 'day').end : end;
    const reach = { instants: instants.filter((instant) => instant !== asked), end, asked, now };
    const { benchmark } = query;
    await assertBenchmark(services, benchmark, end);
    const options = { costMethod: query.costMethod, figures: NAMES };
    const {
      history,
      flows,
      points: all,
    } = benchmark === undefined
      ? await pointsOf(services, portfolio.id, reach, options)
      : await readSpan(services, portfolio.id, reach, options);
    const compared =
      benchmark === undefined
        ? null
        : await benchmarkCurve(services, benchmark, history.terms.baseCurrency, { points: all, flows, now });
    const indexes = downsample(
      all.map(({ time }) => time),
      all.map((point) => numberOrNull(figure[metric](point))),
      query.points ?? LIMIT + 1,
    );
    const kept = indexes.flatMap((index) => all[index] ?? []);
    const { terms } = history;
    const meta = {
      portfolioId: portfolio.id,
      asOf: field.isoTime(now),
      position: history.position,
      baseCurrency: terms.baseCurrency,
      costMethod: terms.costMethod,
      timeZone: calendar.zone,
      interval,
      warnings: [...history.warnings, ...(compared?.warnings ?? [])],
    };
    const values = (of: Metric): (string | null)[] => kept.map((point) => decimalOrNull(figure[of](point)));
    const t = kept.map(({ time }) => time);
    if (query.format === 'columns') {
      return {
        ...meta,
        columns: {
          t,
          equity: values('equity'),
          contributions: values('contributions'),
          pnl: values('pnl'),
          ...(compared !== null && {
            benchmark: indexes.map((index) => decimalOrNull(compared.curve[index] ?? null)),
          }),
        },
      };
    }
    const v = values(metric);
    return {
      ...meta,
      metric,
      points: t.map((time, index): [number, string | null] => [time, v[index] ?? null]),
    };
  },
});

/** As `readSpan`, for those who do not ask what happened. */
async function pointsOf(
  services: Services,
  portfolioId: string,
  { instants, end, asked, now }: Reach,
  options: { costMethod: CostMethod | undefined; figures: HistoryFigures },
): Promise<{ history: PortfolioHistory; flows: never[]; points: TotalsAt[] }> {
  const history = await portfolioHistory(services, portfolioId, {
    ...options,
    instants: [...instants, asked],
    now,
  });
  const points = history.points.map((point) => ({ ...point, time: Math.min(point.time, end) }));
  return { history, flows: [], points };
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : toNumber(value);
}
