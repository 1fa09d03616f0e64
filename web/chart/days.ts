import type { components } from 'marktide/client';
import type { Pnl } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { sign, toDouble } from '../figures/number.ts';
import type { Columns } from './chart.ts';

const SHORT: Intl.DateTimeFormatOptions = { month: 'numeric', day: 'numeric' };
const LONG: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: 'numeric' };

interface Interval {
  /** The number of days to go back. */
  days: number;
  /** The format of a period's name. */
  short: Intl.DateTimeFormatOptions;
  long: Intl.DateTimeFormatOptions;
}

export const INTERVALS = {
  day: { days: 29, short: SHORT, long: { ...LONG, weekday: 'short' } },
  week: { days: 7 * 25, short: SHORT, long: LONG },
  month: {
    days: 730,
    short: { year: '2-digit', month: 'numeric' },
    long: { year: 'numeric', month: 'long' },
  },
} as const satisfies Record<string, Interval>;
export type IntervalName = keyof typeof INTERVALS;

type Period = components['schemas']['Period'];

/** Updates today's period with the newest event. */
export function withToday(
  { items, asOf }: { items: readonly Period[]; asOf: string },
  pnl: Pnl | null,
  face: ClockFace,
): readonly Period[] {
  const last = items.at(-1);
  if (last === undefined || last.closed || pnl === null || pnl.asOf < asOf) return items;
  if (face.day(pnl.asOf) !== last.label) return items;
  return [...items.slice(0, -1), { ...last, pnl: pnl.day.pnl, rate: pnl.day.rate }];
}

/** Gains and losses as separate columns. */
export function drawnBars(items: readonly Period[]): Columns {
  const ofSign = (direction: number): (number | null)[] =>
    items.map(({ pnl }) => (pnl !== null && sign(pnl) === direction ? toDouble(pnl) : null));
  return [items.map((_item, index) => index), ofSign(1), ofSign(-1)];
}
