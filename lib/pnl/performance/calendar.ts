export const PERIOD_INTERVALS = ['day', 'week', 'month', 'year'] as const;
export type PeriodInterval = (typeof PERIOD_INTERVALS)[number];

/** From `start` up to, not including, `end`: epoch milliseconds. */
export interface Period {
  start: number;
  end: number;
  /** Local date of the start, `2024-03-31`. */
  label: string;
}

/** A day of the proleptic Gregorian calendar as the number of days since 1970-01-01: date arithmetic without zones. */
type DayNumber = number;

const DAY_MS = 86_400_000;
/** Zones that are kept, and days of each: a client chooses both. */
const CACHE_LIMIT = 100;
const DAYS_KEPT = 10_000;
const LONGEST_DAYS: Record<PeriodInterval, number> = { day: 2, week: 8, month: 32, year: 367 };

/** What so many periods of a kind last at most, with some days to spare. */
const USUAL_DAYS: Record<PeriodInterval, number> = { day: 1, week: 7, month: 31, year: 366 };
const SPARE_DAYS = 40;

/** More periods than this in one answer is a mistake in the question. */
export const PERIOD_LIMIT = 40_000;

/** Days and what is made of them as one IANA time zone sees them. DST days are 23 or 25 hours long. */
export interface Calendar {
  zone: string;
  /** When the local day that `time` falls on began: its first instant, also where midnight does not exist. */
  startOfDay: (time: number) => number;
  /**
   * The calendar periods that cover [from, to), whole even at its ends, the first `atMost` of them.
   * @throws RangeError for more than PERIOD_LIMIT, if they are not limited
   */
  periods: (from: number, to: number, interval: PeriodInterval, atMost?: number) => Period[];
  /** The last `count` of them. The time it takes does not grow with the span. */
  newestPeriods: (from: number, to: number, interval: PeriodInterval, count: number) => Period[];
  /** The period that `time` falls in. */
  periodAt: (time: number, interval: PeriodInterval) => Period;
  /**
   * The first instant at which the clocks show a local time, given as milliseconds as if they showed UTC; `null` for a
   * time they skip.
   */
  instantOf: (local: number) => number | null;
  /** When a local date, given by its midnight in the same way, began; `null` for a date that the zone skipped. */
  startOfDate: (local: number) => number | null;
}

/** Formatters are dear to make and hold no state of ours: shared, and bounded, since zones can be spelt in many ways. */
const calendars = new Map<string, Calendar>();

export function isTimeZone(zone: string): boolean {
  // Offsets such as +09:00 are zones for Intl, but know no daylight saving: names only.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    calendarOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** @throws RangeError for a name that is no IANA time zone */
export function calendarOf(zone: string): Calendar {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const calendar = makeCalendar(zone);
  if (calendars.size >= CACHE_LIMIT) calendars.clear();
  calendars.set(zone, calendar);
  return calendar;
}

export function startOfDay(time: number, zone: string): number {
  return calendarOf(zone).startOfDay(time);
}

export function periods(from: number, to: number, interval: PeriodInterval, zone: string): Period[] {
  return calendarOf(zone).periods(from, to, interval);
}

function tooMany(): RangeError {
  return new RangeError(`more than ${PERIOD_LIMIT} periods`);
}

function makeCalendar(zone: string): Calendar {
  const offsetAt = offsetsOf(zone);
  const starts = new Map<DayNumber, number>();
  /** Of the midnights of UTC: each is next to the beginnings of several days. */
  const midnights = new Map<number, number>();
  const offsetAtMidnight = (time: number): number => {
    let offset = midnights.get(time);
    if (offset !== undefined) return offset;
    offset = offsetAt(time);
    if (midnights.size >= DAYS_KEPT) midnights.clear();
    midnights.set(time, offset);
    return offset;
  };

  const startOf = (day: DayNumber): number => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    const local = day * DAY_MS;
    const [before, after] = [offsetAtMidnight(local - DAY_MS), offsetAtMidnight(local + DAY_MS)];
    // No zone has ever changed its clocks there and back within two days.
    const start = before === after ? local - before : firstInstant(local, offsetAt);
    if (starts.size >= DAYS_KEPT) starts.clear();
    starts.set(day, start);
    return start;
  };

  // Nearly every question is about the same day as the one before.
  let latest = { day: 0, start: 0, end: 0 };
  const dayOf = (time: number): DayNumber => {
    if (time >= latest.start && time < latest.end) return latest.day;
    const shown = Math.floor((time + offsetAt(time)) / DAY_MS);
    // Clocks put back across midnight show the old date once more: the new day has begun all the same.
    const day = startOf(shown + 1) <= time ? shown + 1 : shown;
    latest = { day, start: startOf(day), end: startOf(day + 1) };
    return day;
  };

  const periodOf = (first: DayNumber, interval: PeriodInterval): Period => ({
    start: startOf(first),
    end: startOf(nextFirst(first, interval)),
    label: new Date(first * DAY_MS).toISOString().slice(0, 10),
  });

  const periods: Calendar['periods'] = (from, to, interval, atMost) => {
    const found: Period[] = [];
    if (from >= to) return found;
    // Refused before they are counted one by one.
    const isTooLong = (to - from) / DAY_MS / LONGEST_DAYS[interval] > PERIOD_LIMIT;
    if (atMost === undefined && isTooLong) throw tooMany();
    let first = firstDay(dayOf(from), interval);
    for (let period = periodOf(first, interval); period.start < to; period = periodOf(first, interval)) {
      if (found.length === atMost) break;
      // A date that a zone skipped altogether (Samoa, 2011-12-30) is no period.
      if (period.end > period.start) found.push(period);
      if (found.length > PERIOD_LIMIT) throw tooMany();
      first = nextFirst(first, interval);
    }
    return found;
  };

  return {
    zone,
    periods,
    newestPeriods(from, to, interval, count) {
      const reach = (count * USUAL_DAYS[interval] + SPARE_DAYS) * DAY_MS;
      return periods(Math.max(from, to - reach), to, interval).slice(-count);
    },
    startOfDay: (time) => startOf(dayOf(time)),
    periodAt: (time, interval) => periodOf(firstDay(dayOf(time), interval), interval),
    instantOf(local) {
      const shown = instantsShowing(local, offsetAt);
      return shown.length === 0 ? null : Math.min(...shown);
    },
    startOfDate(local) {
      const day = local / DAY_MS;
      return startOf(day + 1) > startOf(day) ? startOf(day) : null;
    },
  };
}

/** The first day of the period that a day falls in; weeks begin on Monday. */
function firstDay(day: DayNumber, interval: PeriodInterval): DayNumber {
  if (interval === 'day') return day;
  // 1970-01-01 was a Thursday.
  if (interval === 'week') return day - ((((day + 3) % 7) + 7) % 7);
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), interval === 'month' ? date.getUTCMonth() : 0) / DAY_MS;
}

function nextFirst(first: DayNumber, interval: PeriodInterval): DayNumber {
  if (interval === 'day') return first + 1;
  if (interval === 'week') return first + 7;
  const date = new Date(first * DAY_MS);
  const year = date.getUTCFullYear();
  return (interval === 'month' ? Date.UTC(year, date.getUTCMonth() + 1) : Date.UTC(year + 1, 0)) / DAY_MS;
}

/**
 * The first instant at which the clock shows `local` (milliseconds as if the wall clock were UTC); where it is
 * skipped, the instant of the jump.
 */
function firstInstant(local: number, offsetAt: (time: number) => number): number {
  const shown = instantsShowing(local, offsetAt);
  if (shown.length > 0) return Math.min(...shown);
  const before = offsetAt(local - DAY_MS);
  const after = offsetAt(local + DAY_MS);
  // The jump lies between the two readings of the missing hour.
  let low = local - after - 1;
  let high = local - before;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offsetAt(middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}

/** Every instant at which the clock shows `local`: two where it is put back, none where it is put forward. */
function instantsShowing(local: number, offsetAt: (time: number) => number): number[] {
  const offsets = [offsetAt(local - DAY_MS), offsetAt(local + DAY_MS)];
  return offsets.map((offset) => local - offset).filter((time) => time + offsetAt(time) === local);
}

const NUMBERS = /\d+/g;

/** How far the zone's clock is ahead of UTC at an instant, in milliseconds. */
function offsetsOf(zone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    // `1/31/2026, 09:00:00`; its parts one by one would take three times as long.
    const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] =
      format.format(time).match(NUMBERS)?.map(Number) ?? [];
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
  };
}
