import { z } from 'zod';
import type { Portfolio } from '../../db/ledger/portfolios/portfolios.ts';
import { decimalOrNull, toNumber } from '../../lib/money/money.ts';
import { downsample } from '../../lib/pnl/performance/downsample.ts';
import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import * as field from '../../lib/schemas/fields.ts';
import { costMethod } from '../../lib/schemas/figure-fields.ts';
import { readSpan } from './performance-span.ts';
import { firstEntryTime } from './portfolio-history.ts';
import { queryProblem } from '../http/query-problem.ts';
import { type Span, spanOf, spanQuery } from './query-span.ts';
import { benchmarkCurve } from './series-benchmark.ts';
import { defaultStart, instantsOf, LIMIT } from './series-instants.ts';
import { pointsOf, type SeriesPoint, withPublished } from './series-points.ts';
import { type Metric, METRICS, SERIES_INTERVALS } from './series-schema.ts';
import type { Services } from '../http/handler-services.ts';

const NAMES: HistoryFigures = {
  price: ['equity', 'pnl'],
  rate: { contributions: ['contributions', 'pnl'] },
};

const figure: Record<Metric, (point: SeriesPoint) => bigint | null> = {
  equity: (point) => point.equity,
  contributions: (point) => point.contributions,
  pnl: (point) => point.totalPnl,
};

/** The parameters of a series. */
export const seriesQuery = {
  interval: z.enum(SERIES_INTERVALS).default('day').describe('Distance between two instants.'),
  every: z.coerce.number().int().min(1).max(60).default(1).meta({
    description: 'Only every nth minute or hour: `interval=minute&every=10`.',
  }),
  ...spanQuery,
  metric: z
    .enum(METRICS)
    .default('equity')
    .describe('The figure of `format=points`, and the one whose shape `points` keeps.'),
  points: z.coerce.number().int().min(3).max(LIMIT).optional().meta({
    description:
      'The most points to return, chosen so that the line keeps its shape (LTTB); all of them if omitted.',
  }),
  benchmark: field.symbol.optional().meta({
    description: 'Adds what the same money would be worth in this symbol; none if omitted.',
    example: 'BTC/KRW',
  }),
  costMethod,
};

type SeriesQuery = z.output<z.ZodObject<typeof seriesQuery>>;

/**
 * Figures at instants, one list per figure, with warnings.
 * @throws 400 that names the parameter
 */
export async function seriesTable(services: Services, portfolio: Portfolio, query: SeriesQuery) {
  const { db, clock } = services;
  const { interval, metric } = query;
  const now = clock.now();
  const span: Span = spanOf(query, { timeZone: portfolio.timeZone, now });
  const { calendar } = span;
  const isLive = span.to === null || span.to > now;
  const end = isLive ? now : (span.to ?? now);
  const first = span.from === null ? await firstEntryTime(db, portfolio.id) : null;
  const from = span.from ?? defaultStart(first, end, query, calendar);
  const instants = instantsOf(from, end, query, calendar);
  if (instants.length >= LIMIT) {
    throw queryProblem({
      parameter: 'from',
      detail: `makes more than ${LIMIT} instants: ask for a shorter span or a longer interval`,
    });
  }
  // Today's figures count all of today's entries, as the live ones do.
  const asked = isLive ? calendar.periodAt(now, 'day').end : end;
  const reach = { instants: instants.filter((instant) => instant !== asked), end, asked, now };
  const { benchmark } = query;
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
      : await benchmarkCurve(services, benchmark, history.terms, { points: all, flows, now });
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
  const columns = {
    t: kept.map(({ time }) => time),
    equity: values('equity'),
    contributions: values('contributions'),
    pnl: values('pnl'),
    ...(compared !== null && {
      benchmark: indexes.map((index) => decimalOrNull(compared.curve[index] ?? null)),
    }),
  };
  return { meta, calendar, columns };
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : toNumber(value);
}
