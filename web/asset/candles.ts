import type { Api, ListedTrade, Ticker } from '../api.ts';
import type { Columns } from '../chart/chart.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The intervals to choose from, with their lengths. */
export const STEPS = {
  '15m': 15 * MINUTE_MS,
  '1h': HOUR_MS,
  '4h': 4 * HOUR_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
} as const;
export type Step = keyof typeof STEPS;

export function stepOf(name: string | undefined): Step {
  return Object.keys(STEPS).find((step): step is Step => step === name) ?? '1d';
}

export interface Candle {
  t: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  /** No trade in it is known to be missing. */
  isComplete: boolean;
}

/** Oldest first. */
export function candlesOf(answer: Awaited<ReturnType<Api['listCandles']>>): Candle[] {
  // The server sends columns only to those who ask for them.
  if (!('columns' in answer)) return [];
  const { t, open, high, low, close, volume, complete } = answer.columns;
  return t.map((at, index) => ({
    t: at,
    open: open[index] ?? '',
    high: high[index] ?? '',
    low: low[index] ?? '',
    close: close[index] ?? '',
    volume: volume[index] ?? '',
    isComplete: complete[index] ?? true,
  }));
}

/** Updates the last candle with the newest price, if it belongs there. */
export function withTick(candles: Candle[], ticker: Ticker | null, step: Step): Candle[] {
  const last = candles.at(-1);
  const at = ticker === null ? 0 : Date.parse(ticker.time);
  if (ticker === null || last === undefined || at < last.t || at >= last.t + STEPS[step]) return candles;
  const { price } = ticker;
  const high = Number(price) > Number(last.high) ? price : last.high;
  const low = Number(price) < Number(last.low) ? price : last.low;
  return [...candles.slice(0, -1), { ...last, high, low, close: price }];
}

export function drawnCandles(candles: readonly Candle[]): Columns {
  const of = (field: 'open' | 'high' | 'low' | 'close'): number[] =>
    candles.map((candle) => Number(candle[field]));
  return [candles.map(({ t }) => t), of('open'), of('high'), of('low'), of('close')];
}

/** The trades within a candle. */
export function tradesIn(
  trades: readonly ListedTrade[],
  candle: Candle | undefined,
  next: Candle | undefined,
): ListedTrade[] {
  if (candle === undefined) return [];
  const end = next?.t ?? Number.POSITIVE_INFINITY;
  return trades.filter(({ time }) => Date.parse(time) >= candle.t && Date.parse(time) < end);
}
