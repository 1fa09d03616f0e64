import type { Api, Pnl, Portfolio } from '../api.ts';
import { toDouble } from '../figures/number.ts';
import type { Columns } from './chart.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const POINTS = 300;

/** How far back, in which steps, and how often to request again. */
export const RANGES = {
  '1D': { interval: 'minute', every: 10, span: DAY_MS, refresh: 2 * MINUTE_MS },
  '1W': { interval: 'hour', every: 1, span: 7 * DAY_MS, refresh: 10 * MINUTE_MS },
  '1M': { interval: 'hour', every: 4, span: 30 * DAY_MS, refresh: 30 * MINUTE_MS },
  '3M': { interval: 'day', every: 1, span: 91 * DAY_MS, refresh: 30 * MINUTE_MS },
  '1Y': { interval: 'day', every: 1, span: 365 * DAY_MS, refresh: 30 * MINUTE_MS },
  all: { interval: 'day', every: 1, span: null, refresh: 30 * MINUTE_MS },
} as const;
export type Range = keyof typeof RANGES;

/** Equity and, if there is one, the benchmark; the last point is now. */
export interface Curve {
  t: number[];
  equity: (string | null)[];
  benchmark: (string | null)[] | undefined;
}

interface Questions {
  series: {
    interval: (typeof RANGES)[Range]['interval'];
    every: number;
    points: number;
    from?: string;
    benchmark?: string;
  };
  performance: { from?: string };
}

/** The requests for a range, as of now. */
export function questionsOf(range: Range, benchmark: Portfolio['benchmark']): Questions {
  const { interval, every, span } = RANGES[range];
  // Whole minutes, so that repeated requests can be answered from a cache.
  const since =
    span === null ? {} : { from: String(Math.floor((Date.now() - span) / MINUTE_MS) * MINUTE_MS) };
  const compared = benchmark === null ? {} : { benchmark };
  return { series: { interval, every, points: POINTS, ...since, ...compared }, performance: since };
}

/** Without the time before the first entry, when there was nothing of value. */
export function sinceFunded(answer: Awaited<ReturnType<Api['getSeries']>>): Curve {
  // The server sends points only to those who ask for them.
  if (!('columns' in answer)) return { t: [], equity: [], benchmark: undefined };
  const { t, equity, contributions, benchmark } = answer.columns;
  const first = Math.max(
    0,
    t.findIndex((_at, index) => equity[index] !== '0' || contributions[index] !== '0'),
  );
  return { t: t.slice(first), equity: equity.slice(first), benchmark: benchmark?.slice(first) };
}

/** Updates the last point with the newest event. */
export function withLive(curve: Curve, pnl: Pnl | null): Curve {
  const last = curve.t.at(-1) ?? 0;
  const now = pnl === null ? 0 : Date.parse(pnl.asOf);
  if (pnl === null || now < last) return curve;
  return {
    ...curve,
    t: [...curve.t.slice(0, -1), now],
    equity: [...curve.equity.slice(0, -1), pnl.equity],
  };
}

export function drawn({ t, equity, benchmark }: Curve): Columns {
  const own = equity.map(toDouble);
  return benchmark === undefined ? [t, own] : [t, own, benchmark.map(toDouble)];
}
