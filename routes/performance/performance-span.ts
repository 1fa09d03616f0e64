import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import type { TimedFlow } from '../../lib/pnl/performance/flow-bins.ts';
import type { TotalsAt } from '../../lib/pnl/ledger/totals.ts';
import { type HistorySources, portfolioHistory } from './portfolio-history.ts';
import { queryProblem } from '../http/query-problem.ts';
import type { Span } from './query-span.ts';
import { spanActivity } from './span-activity.ts';

/** Twenty-five years of days in one response. */
const LIMIT = 9_132;

/** The instants of a span. */
export interface Reach {
  /** The start and the beginning of each further day. */
  instants: number[];
  /** Where the response ends: now at the latest. */
  end: number;
  /** The time up to which entries count: if that is now, all of today's do, as in the live figures. */
  asked: number;
  now: number;
}

/** @throws the 400 that names `from` if there are too many days */
export function reachOf({ from, to, calendar }: Span, first: number | null, now: number): Reach {
  const isLive = to === null || to > now;
  const end = isLive ? now : to;
  const opened = calendar.startOfDay(Math.min(first ?? end, end));
  // Days before the first entry would only dilute the statistics.
  const start = Math.min(Math.max(from ?? opened, opened), end);
  const days =
    from === null
      ? calendar.newestPeriods(start, end, 'day', LIMIT + 1)
      : calendar.periods(start, end, 'day', LIMIT + 1);
  const instants = [start, ...days.map((day) => day.start).filter((day) => day > start)];
  const asked = isLive ? calendar.periodAt(now, 'day').end : end;
  if (instants.length <= LIMIT) return { instants, end, asked, now };
  if (from !== null)
    throw queryProblem({
      parameter: 'from',
      detail: `makes more than ${LIMIT} days: ask for a shorter span`,
    });
  return { instants: instants.slice(-LIMIT), end, asked, now };
}

/** How many times a read is repeated if the ledger changes meanwhile. */
const ATTEMPTS = 3;

/** The value and activity of a portfolio for one version of the ledger. */
export async function readSpan(
  services: HistorySources,
  portfolioId: string,
  { instants, end, asked, now }: Reach,
  { costMethod, figures }: { costMethod: CostMethod | undefined; figures: HistoryFigures },
): Promise<{
  history: Awaited<ReturnType<typeof portfolioHistory>>;
  activity: Awaited<ReturnType<typeof spanActivity>>;
  /** The time of the activity, not after the end. */
  flows: TimedFlow[];
  points: TotalsAt[];
}> {
  const [from = end] = instants;
  for (let attempt = 1; ; attempt += 1) {
    const activity = await spanActivity(services.db, portfolioId, { from, to: asked, costMethod });
    const history = await portfolioHistory(services, portfolioId, {
      instants: [...instants, asked],
      costMethod,
      now,
      figures,
    });
    if (activity.version !== history.version && attempt < ATTEMPTS) continue;
    // If the clock of an exchange is ahead, entries lie in the future: for this response they have just happened.
    const flows = activity.flows.map(({ time, value }) => ({ time: Math.min(time, end - 1), value }));
    const points = history.points.map((point) => ({ ...point, time: Math.min(point.time, end) }));
    return { history, activity, flows, points };
  }
}
