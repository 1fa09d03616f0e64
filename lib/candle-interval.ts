export const CANDLE_INTERVALS = ['1m', '5m', '15m', '30m', '1h', '4h', '1d', '1w', '1M'] as const;
export type CandleInterval = (typeof CANDLE_INTERVALS)[number];
type CalendarInterval = '1d' | '1w' | '1M';

/** Aligned to UTC, as exchanges do. */
export const INTERVAL_MS: Record<Exclude<CandleInterval, CalendarInterval>, number> = {
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '30m': 1_800_000,
  '1h': 3_600_000,
  '4h': 14_400_000,
};

export function isCalendarInterval(interval: CandleInterval): interval is CalendarInterval {
  return interval === '1d' || interval === '1w' || interval === '1M';
}

export const DAY_MS = 86_400_000;
