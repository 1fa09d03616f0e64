import { z } from 'zod';
import { type Calendar, calendarOf } from '../../lib/pnl/performance/calendar.ts';
import { timeZone } from '../portfolios/portfolio-body.ts';
import { queryProblem } from '../http/query-problem.ts';

/** A point in time in a query: an instant, or a local time in some time zone. */
export type QueryTime =
  | { kind: 'instant'; time: number }
  /** A local time, in milliseconds as if it were UTC. */
  | { kind: 'local'; local: number; isDate: boolean };

const TIME_RULE =
  'must be a date, or an ISO 8601 time with or without an offset, or epoch milliseconds, from 1970 on';
const LATEST = 8.64e15;
const date = z.iso.date();
const offsetTime = z.iso.datetime({ offset: true });
const localTime = z.iso.datetime({ local: true });

function parse(text: string): QueryTime | null {
  if (/^\d{1,16}$/.test(text)) return { kind: 'instant', time: Number(text) };
  if (offsetTime.safeParse(text).success) return { kind: 'instant', time: Date.parse(text) };
  const isDate = date.safeParse(text).success;
  if (!isDate && !localTime.safeParse(text).success) return null;
  return { kind: 'local', local: Date.parse(isDate ? `${text}T00:00Z` : `${text}Z`), isDate };
}

/** An instant, a local date (its beginning) or a local time; the latter two are in the time zone of the response. */
export const queryTime = z
  .string()
  .max(40)
  .transform((text, ctx): QueryTime => {
    const parsed = parse(text);
    const time = parsed?.kind === 'local' ? parsed.local : parsed?.time;
    if (parsed !== null && time !== undefined && time >= 0 && time <= LATEST) return parsed;
    ctx.addIssue({ code: 'custom', message: TIME_RULE });
    return z.NEVER;
  })
  .meta({
    type: 'string',
    description:
      'ISO 8601 with an offset, epoch milliseconds, or what the clocks of `tz` show: a date (its beginning) or a time without an offset.',
    example: '2026-03-01',
  });

/** The parameters that every response about a span of time takes. */
export const spanQuery = {
  from: queryTime
    .optional()
    .describe('Inclusive: a time, or a date in `tz`. The first entry of the ledger if omitted.'),
  to: queryTime.optional().describe('Exclusive: a time, or a date in `tz`. Now if omitted.'),
  tz: timeZone.optional().describe("IANA time zone of dates and days; the portfolio's if omitted."),
};

/** The ends of current spans lie ahead, by a year at most. */
const AHEAD_MS = 366 * 86_400_000;

export interface Span {
  /** `null`: not specified. */
  from: number | null;
  to: number | null;
  calendar: Calendar;
}

/**
 * The span that a query asks for, in its time zone.
 * @param options.now epoch milliseconds
 * @throws 400 that names `from` or `to`: a local time that the clocks skip, the future, a span that ends before it
 * begins
 */
export function spanOf(
  query: { from?: QueryTime | undefined; to?: QueryTime | undefined; tz?: string | undefined },
  options: { timeZone: string; now: number },
): Span {
  const calendar = calendarOf(query.tz ?? options.timeZone);
  const from = instantOf('from', query.from, calendar);
  const to = instantOf('to', query.to, calendar);
  const { now } = options;
  if (from !== null && from > now)
    throw queryProblem({ parameter: 'from', detail: 'must not be in the future' });
  if (to !== null && to > now + AHEAD_MS) {
    throw queryProblem({ parameter: 'to', detail: 'must not be more than a year ahead' });
  }
  if (from !== null && to !== null && from > to) {
    throw queryProblem({ parameter: 'from', detail: 'is after `to`' });
  }
  return { from, to, calendar };
}

/** @throws 400 that names the parameter: a local time that the clocks skip */
export function instantOf(
  parameter: string,
  value: QueryTime | undefined,
  calendar: Calendar,
): number | null {
  if (value === undefined) return null;
  if (value.kind === 'instant') return value.time;
  const instant = value.isDate ? calendar.startOfDate(value.local) : calendar.instantOf(value.local);
  if (instant !== null) return instant;
  const what = value.isDate ? 'a date' : 'a local time';
  throw queryProblem({ parameter, detail: `is ${what} that does not exist in ${calendar.zone}` });
}
