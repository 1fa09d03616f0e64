import type { Database } from '../../db/connection/database.ts';
import { equitySnapshots } from '../../db/history/equity-snapshots.ts';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import type { HistoryFigures } from '../../lib/pnl/performance/history-warnings.ts';
import type { TotalsAt } from '../../lib/pnl/ledger/totals.ts';
import type { Reach } from './performance-span.ts';
import { type PortfolioHistory, portfolioHistory } from './portfolio-history.ts';
import type { Services } from '../http/handler-services.ts';

/** The figures of a series at one instant. */
export type SeriesPoint = Pick<TotalsAt, 'time' | 'equity' | 'contributions' | 'totalPnl'>;

/** Like `readSpan`, without the activity. */
export async function pointsOf(
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

/**
 * The points, with those published in between: at most one per minute while a stream was open, and only for the last
 * week. A stored close says nothing about a minute except its end.
 */
export async function withPublished(
  db: Database,
  portfolioId: string,
  points: readonly SeriesPoint[],
): Promise<SeriesPoint[]> {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [];
  const range = { from: first.time, to: last.time };
  const known = new Set(points.map(({ time }) => time));
  const published = (await equitySnapshots(db, portfolioId, range))
    .filter(({ time }) => !known.has(time))
    .map(({ time, equity, contributions }) => ({
      time,
      equity,
      contributions,
      totalPnl: equity - contributions,
    }));
  return [...points, ...published].sort((a, b) => a.time - b.time);
}
