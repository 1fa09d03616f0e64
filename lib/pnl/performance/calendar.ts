export const PERIOD_INTERVALS = ['day', 'week', 'month', 'year'] as const;
export type PeriodInterval = (typeof PERIOD_INTERVALS)[number];

/** From `start` (inclusive) to `end` (exclusive): epoch milliseconds. */
export interface Period {
  start: number;
  end: number;
  /** Local date of the start, such as `2024-03-31`. */
  label: string;
}

/**
 * A day of the proleptic Gregorian calendar as the number of days since 1970-01-01: date arithmetic without time zones.
 */
type DayNumber = number;

const DAY_MS = 86_400_000;
/** Shorter than the shortest time between two clock changes in any zone: a week, in Boa Vista in 2000. */
const STEP_MS = 4 * DAY_MS;
/** How many zones are cached, and days of each: the client chooses both. */
const CACHE_LIMIT = 100;
const DAYS_KEPT = 10_000;
const LONGEST_DAYS: Record<PeriodInterval, number> = { day: 2, week: 8, month: 32, year: 367 };

/** An upper bound on the length of so many periods of a kind, with a few days to spare. */
const USUAL_DAYS: Record<PeriodInterval, number> = { day: 1, week: 7, month: 31, year: 366 };
const SPARE_DAYS = 40;

/** A request for more periods than this in one response is a mistake. */
export const PERIOD_LIMIT = 40_000;

/** Days, and periods made of days, in one IANA time zone. DST days are 23 or 25 hours long. */
export interface Calendar {
  zone: string;
  /** When the local day that contains `time` began: its first instant, even where midnight does not exist. */
  startOfDay: (time: number) => number;
  /**
   * The calendar periods that cover [from, to), including partial ones at either end in full, the first `atMost` of
   * them.
   * @throws RangeError for more than PERIOD_LIMIT, if `atMost` is not given
   */
  periods: (from: number, to: number, interval: PeriodInterval, atMost?: number) => Period[];
  /** The last `count` of them. The cost does not grow with the span. */
  newestPeriods: (from: number, to: number, interval: PeriodInterval, count: number) => Period[];
  /** The period that contains `time`. */
  periodAt: (time: number, interval: PeriodInterval) => Period;
  /**
   * The first instant at which the clocks show a local time, given as milliseconds as if it were UTC; `null` for a time
   * that they skip.
   */
  instantOf: (local: number) => number | null;
  /**
   * Every instant at which the clocks show a local time: two if they are set back then, none if they are set forward.
   */
  instantsOf: (local: number) => number[];
  /** The local times between which the clocks are set forward, around one that they skip. */
  gapAt: (local: number) => { from: number; to: number };
  /** When a local date, given by its midnight in the same form, began; `null` for a date that the zone skipped. */
  startOfDate: (local: number) => number | null;
}

/**
 * Formatters are expensive to create and hold no state of ours, so they are shared. The cache is bounded because zone
 * names have many spellings.
 */
const calendars = new Map<string, Calendar>();

export function isTimeZone(zone: string): boolean {
  // Intl also takes offsets such as +09:00 as zones, but those have no daylight saving time, so only names are
  // accepted.
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    calendarOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** @throws RangeError for a name that is not an IANA time zone */
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
  /** Of UTC midnights: the beginnings of several days are near each of them. */
  const midnights = new Map<number, number>();
  const readMidnight = (time: number): number => {
    let offset = midnights.get(time);
    if (offset !== undefined) return offset;
    offset = offsetAt(time);
    if (midnights.size >= DAYS_KEPT) midnights.clear();
    midnights.set(time, offset);
    return offset;
  };
  /**
   * If the offset is the same at both ends of a step, it is constant in between: only changes are searched day by day.
   */
  const offsetAtMidnight = (time: number): number => {
    const from = Math.floor(time / STEP_MS) * STEP_MS;
    const offset = readMidnight(from);
    return readMidnight(from + STEP_MS) === offset ? offset : readMidnight(time);
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

  // Nearly every call is about the same day as the one before.
  let latest = { day: 0, start: 0, end: 0 };
  const dayOf = (time: number): DayNumber => {
    if (time >= latest.start && time < latest.end) return latest.day;
    const shown = Math.floor((time + offsetAt(time)) / DAY_MS);
    // Clocks that are set back across midnight show the old date again, although the new day has begun.
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
    // Rejected before they are counted one by one.
    const isTooLong = (to - from) / DAY_MS / LONGEST_DAYS[interval] > PERIOD_LIMIT;
    if (atMost === undefined && isTooLong) throw tooMany();
    let first = firstDay(dayOf(from), interval);
    for (let period = periodOf(first, interval); period.start < to; period = periodOf(first, interval)) {
      if (found.length === atMost) break;
      // A date that the zone skipped altogether (Samoa, 2011-12-30) is not a period.
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
    instantsOf: (local) => [...new Set(instantsShowing(local, offsetAt))].sort((a, b) => a - b),
    gapAt(local) {
      const jump = firstInstant(local, offsetAt);
      return { from: jump + offsetAt(jump - 1), to: jump + offsetAt(jump) };
    },
    startOfDate(local) {
      const day = local / DAY_MS;
      return startOf(day + 1) > startOf(day) ? startOf(day) : null;
    },
  };
}

/** The first day of the period that contains a day; weeks begin on Monday. */
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
 * The first instant at which the clock shows `local` (milliseconds as if it were UTC); if it is skipped, the instant of
 * the change.
 */
function firstInstant(local: number, offsetAt: (time: number) => number): number {
  const shown = instantsShowing(local, offsetAt);
  if (shown.length > 0) return Math.min(...shown);
  const before = offsetAt(local - DAY_MS);
  const after = offsetAt(local + DAY_MS);
  // The change lies between the two interpretations of the missing hour.
  let low = local - after - 1;
  let high = local - before;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offsetAt(middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}

/** Every instant at which the clock shows `local`: two if it is set back then, none if it is set forward. */
function instantsShowing(local: number, offsetAt: (time: number) => number): number[] {
  const offsets = [offsetAt(local - DAY_MS), offsetAt(local + DAY_MS)];
  return offsets.map((offset) => local - offset).filter((time) => time + offsetAt(time) === local);
}

/**
 * The numbers in a string of ASCII digits. A regular expression would take three times as long as formatting the
 * string.
 */
function numbersIn(text: string): number[] {
  const numbers: number[] = [];
  let number = -1;
  for (let index = 0; index <= text.length; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit >= 0 && digit <= 9) number = Math.max(number, 0) * 10 + digit;
    else if (number >= 0) {
      numbers.push(number);
      number = -1;
    }
  }
  return numbers;
}

/** The zone's offset from UTC at an instant, in milliseconds. */
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
    // `1/31/2026, 09:00:00`; formatting its parts one by one would take three times as long.
    const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] = numbersIn(format.format(time));
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
  };
}
