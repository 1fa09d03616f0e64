import type { Candle } from '../../../db/market/candles.ts';
import { DAY_MS, type CandleInterval } from '../../../lib/candle-interval.ts';
import { candleEnd, candleStart } from './candle-bounds.ts';

/** How a candle was published last. */
export type PublishedAs = 'never' | 'open' | 'closed';

/** One candle of an interval. It is made of `base` and of the minutes that are kept. */
export interface Span {
  start: number;
  end: number;
  base: Candle | null;
  published: PublishedAs;
}

/** The candles of one interval that may still change. */
export interface Level {
  interval: CandleInterval;
  current: Span;
  /** The previous one, as long as late ticks may change it. */
  previous: Span | null;
}

/** The longest window that is read at once. */
const PIECE_MS = 7 * DAY_MS;

/** The span of an interval that includes a time. */
export function spanAt(time: number, interval: CandleInterval): Span {
  return {
    start: candleStart(time, interval),
    end: candleEnd(time, interval),
    base: null,
    published: 'never',
  };
}

/**
 * What spans cover before a time, oldest first. It is cut wherever a span begins or ends, so that nothing is read twice.
 */
export function piecesBefore(until: number, spans: readonly Span[]): [from: number, to: number][] {
  const covered = spans.map(({ start, end }) => [start, Math.min(end, until)] as const);
  const cuts = [...new Set(covered.flat())].filter((time) => time <= until).sort((a, b) => a - b);
  const result: [number, number][] = [];
  for (const [index, to] of cuts.entries()) {
    const from = cuts[index - 1];
    if (from === undefined || !covered.some(([start, end]) => start <= from && to <= end)) continue;
    for (let start = from; start < to; start += PIECE_MS)
      result.push([start, Math.min(to, start + PIECE_MS)]);
  }
  return result;
}
