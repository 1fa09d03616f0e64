import type { components } from 'marktide/client';
import { toDouble } from '../figures/number.ts';

type Period = components['schemas']['Period'];

/** A day of the calendar; the figures are `null` if it is in the future, or before the first entry. */
export interface Day {
  /** `YYYY-MM-DD`. */
  date: string;
  period: Period | null;
  /** Its size relative to the largest gain or loss of the month, from −1 to 1. */
  share: number;
}

const DAY_MS = 86_400_000;

/** The month of a date as `YYYY-MM`, plus `later` months. */
export function monthOf(date: string, later = 0): string {
  const [year = 0, month = 1] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + later, 1)).toISOString().slice(0, 7);
}

export function firstOf(month: string): string {
  return `${month}-01`;
}

/** The weeks of a month from Monday to Sunday; `null` for days of other months. */
export function weeksOf(month: string, periods: readonly Period[]): (Day | null)[][] {
  const first = Date.parse(`${firstOf(month)}T00:00Z`);
  const end = Date.parse(`${firstOf(monthOf(month, 1))}T00:00Z`);
  const byDate = new Map(periods.map((period) => [period.label, period]));
  const most = Math.max(0, ...periods.map(({ pnl }) => Math.abs(toDouble(pnl) ?? 0)));
  const before = (new Date(first).getUTCDay() + 6) % 7;
  const days: (Day | null)[] = Array.from({ length: before }, () => null);
  for (let at = first; at < end; at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    const period = byDate.get(date) ?? null;
    days.push({ date, period, share: most === 0 ? 0 : (toDouble(period?.pnl ?? null) ?? 0) / most });
  }
  while (days.length % 7 !== 0) days.push(null);
  return Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7));
}
