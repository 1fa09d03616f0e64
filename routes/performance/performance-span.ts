import type { CostMethod } from '../../lib/pnl/ledger/entry.ts';
import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import type { TimedFlow } from '../../lib/pnl/performance/flow-bins.ts';
import type { TotalsAt } from '../../lib/pnl/ledger/totals.ts';
import { type HistorySources, portfolioHistory } from './portfolio-history.ts';
import { queryProblem } from '../http/query-problem.ts';
import type { Span } from './query-span.ts';
import { spanActivity } from './span-activity.ts';

/** Twenty-five years of days in one answer. */
const LIMIT = 9_132;

/** The instants that a span is made of. */
export interface Reach {
  /** The start and the beginning of each further day. */
  instants: number[];
  /** Where the answer ends: now at the latest. */
  end: number;
  /** Up to where entries count: when that is now, all of today's do, as in the live figures. */
  asked: number;
  now: number;
}

/** @throws the 400 that names `from` when there are too many days */
export function reachOf({ from, to, calendar }: Span, first: number | null, now: number): Reach {
  const isLive = to === null || to > now;
  const end = isLive ? now : to;
  const opened = calendar.startOfDay(Math.min(first ?? end, end));
  // Days before there was anything would only water the statistics down.
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

/** How often a ledger that changes while it is read is read again. */
const ATTEMPTS = 3;

/** What it was worth, and what happened in it, of one version of the ledger. */
export async function readSpan(
  services: HistorySources,
  portfolioId: string,
  { instants, end, asked, now }: Reach,
  { costMethod, figures }: { costMethod: CostMethod | undefined; figures: HistoryFigures },
): Promise<{
  history: Awaited<ReturnType<typeof portfolioHistory>>;
  activity: Awaited<ReturnType<typeof spanActivity>>;
  /** Those of the activity, none of them after the end. */
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
    // Clocks that are ahead make entries that are: to this answer they have just happened.
    const flows = activity.flows.map(({ time, value }) => ({ time: Math.min(time, end - 1), value }));
    const points = history.points.map((point) => ({ ...point, time: Math.min(point.time, end) }));
    return { history, activity, flows, points };
  }
}
