import { z } from 'zod';
import { decimalOrNull, toNumber } from '../lib/money.ts';
import { downsample } from '../lib/pnl/downsample.ts';
import type { HistoryFigures } from '../lib/pnl/history-warnings.ts';
import { assertBenchmark } from './benchmark-prices.ts';
import { endpoint } from './endpoint.ts';
import * as field from './fields.ts';
import { costMethod } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { readSpan } from './performance-span.ts';
import { firstEntryTime } from './portfolio-history.ts';
import { portfolioParams } from './portfolios.ts';
import { queryProblem } from './query-problem.ts';
import { type Span, spanOf, spanQuery } from './query-span.ts';
import { benchmarkCurve } from './series-benchmark.ts';
import { defaultStart, instantsOf, LIMIT } from './series-instants.ts';
import { pointsOf, type SeriesPoint, withPublished } from './series-points.ts';
import { columnsSchema, type Metric, METRICS, pointsSchema, SERIES_INTERVALS } from './series-schema.ts';

const NAMES: HistoryFigures = {
  price: ['equity', 'pnl'],
  rate: { contributions: ['contributions', 'pnl'] },
};

const figure: Record<Metric, (point: SeriesPoint) => bigint | null> = {
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
    'At `from`, at the beginning of every interval after it, and at `to` (now, valued live, when left out). Without `from` it begins with the first entry, and has 5000 instants at most. Minutes and hours are those of UTC. Every minute (`interval=minute`) comes with the moments in between at which equity was published to whoever watched.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    interval: z.enum(SERIES_INTERVALS).default('day'),
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
    const { history, flows, points } =
      benchmark === undefined
        ? await pointsOf(services, portfolio.id, reach, options)
        : await readSpan(services, portfolio.id, reach, options);
    const isIntraday = interval === 'minute' && query.every === 1;
    const all = isIntraday ? await withPublished(db, portfolio.id, points) : points;
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

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : toNumber(value);
}
