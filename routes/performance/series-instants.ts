import type { Calendar } from '../../lib/pnl/performance/calendar.ts';
import type { SeriesInterval } from './series-schema.ts';

const STEP_MS = { minute: 60_000, hour: 3_600_000 } as const;

/** The maximum number of instants in one response. */
export const LIMIT = 5_000;

export interface Steps {
  interval: SeriesInterval;
  /** Of minutes and hours. */
  every: number;
}

/** Ascending instants: `from` first, then every beginning of an interval before `to`. */
export function instantsOf(
  from: number,
  to: number,
  { interval, every }: Steps,
  calendar: Calendar,
): number[] {
  const starts: number[] = [];
  if (interval === 'minute' || interval === 'hour') {
    const step = STEP_MS[interval] * every;
    // One more than allowed shows that there are too many.
    const next = Math.floor(from / step) * step + step;
    for (let start = next; start < to && starts.length <= LIMIT; start += step) starts.push(start);
  } else {
    for (const { start } of calendar.periods(from, to, interval, LIMIT + 2))
      if (start > from) starts.push(start);
  }
  return [from, ...starts];
}

/** Where a series without `from` begins: at the first entry, or as early as fits into one response. */
export function defaultStart(first: number | null, to: number, steps: Steps, calendar: Calendar): number {
  const { interval, every } = steps;
  const from = Math.min(first ?? to, to);
  if (interval !== 'minute' && interval !== 'hour') {
    const [oldest] = calendar.newestPeriods(from, to, interval, LIMIT - 1);
    return oldest?.start ?? calendar.periodAt(from, interval).start;
  }
  const step = STEP_MS[interval] * every;
  return Math.max(Math.floor(from / step) * step, (Math.floor(to / step) - LIMIT + 2) * step);
}
