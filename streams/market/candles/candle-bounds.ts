import {
  DAY_MS,
  INTERVAL_MS,
  isCalendarInterval,
  type CandleInterval,
} from '../../../lib/candle-interval.ts';

/**
 * Start of the interval that holds a time. Minutes and hours are aligned to UTC, as exchanges do; days, weeks (from
 * Monday) and months begin at midnight of the time zone, or at the day's first instant where clocks skip midnight.
 */
export function candleStart(time: number, interval: CandleInterval, timeZone = 'UTC'): number {
  if (!isCalendarInterval(interval)) {
    const length = INTERVAL_MS[interval];
    return Math.floor(time / length) * length;
  }
  const local = new Date(localTime(time, timeZone));
  if (interval === '1w') local.setUTCDate(local.getUTCDate() - ((local.getUTCDay() + 6) % 7));
  if (interval === '1M') local.setUTCDate(1);
  return instantOf(local.setUTCHours(0, 0, 0, 0), timeZone);
}

/** Added to any time within an interval, it leads into the next one and not beyond. */
const LEAP_DAYS = { '1d': 1.5, '1w': 10, '1M': 45 } as const;

/** Where the interval that holds a time ends, and the next one begins. */
export function candleEnd(time: number, interval: CandleInterval, timeZone = 'UTC'): number {
  const start = candleStart(time, interval, timeZone);
  if (!isCalendarInterval(interval)) return start + INTERVAL_MS[interval];
  return candleStart(start + LEAP_DAYS[interval] * DAY_MS, interval, timeZone);
}

/** Creating a formatter costs a hundred times as much as using it. Bounded by `MAX_ZONES`. */
const MAX_ZONES = 500;
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let known = formatters.get(timeZone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formatters.size >= MAX_ZONES) formatters.clear();
    formatters.set(timeZone, known);
  }
  return known;
}

/** The zone's wall clock, as if it were UTC. @throws RangeError for an unknown time zone */
function localTime(time: number, timeZone: string): number {
  if (timeZone === 'UTC') return time;
  const part: Record<string, number> = {};
  for (const { type, value } of formatter(timeZone).formatToParts(time)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((time % 1000) + 1000) % 1000);
}

/** The first instant at which the zone's wall clock shows `local` or later. */
function instantOf(local: number, timeZone: string): number {
  if (timeZone === 'UTC') return local;
  // The offsets a day before and a day after include any change of the clocks around `local`.
  const candidates = [local - 86_400_000, local + 86_400_000]
    .map((near) => local - (localTime(near, timeZone) - near))
    .sort((a, b) => a - b);
  for (const instant of candidates) if (localTime(instant, timeZone) === local) return instant;
  // The clocks skip `local`: find the moment of the change, to the millisecond.
  let [before = local, after = local] = candidates;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localTime(middle, timeZone) < local) before = middle;
    else after = middle;
  }
  return after;
}
