import { epochMilliseconds } from '../../epoch.ts';
import { calendarOf } from '../../pnl/performance/calendar.ts';

/** The time zone of a file. */
export interface Zone {
  name: string;
  /** No daylight saving time: each local time is one instant. */
  isFixed: boolean;
  /**
   * The instants at which its clocks show a local time (milliseconds as if it were UTC); none if they skip
   * it.
   */
  instantsOf: (local: number) => readonly number[];
  /** The local times between which its clocks are put forward, around one that they skip. */
  gapAt: (local: number) => { from: number; to: number };
}

function fixedZone(name: string, offsetMinutes: number): Zone {
  return {
    name,
    isFixed: true,
    instantsOf: (local) => [local - offsetMinutes * 60_000],
    gapAt: (local) => ({ from: local, to: local }),
  };
}

export const UTC = fixedZone('UTC', 0);
/** Korea has had no daylight saving time since 1988. */
export const KOREA = fixedZone('Asia/Seoul', 540);

const OFFSET = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i;

/**
 * The zone of an IANA name, or of an offset such as `+09:00` or `UTC+9`.
 * @throws RangeError for anything else
 */
export function zoneOf(name: string): Zone {
  const match = OFFSET.exec(name);
  if (match === null) {
    const calendar = calendarOf(name);
    return { name: calendar.zone, isFixed: false, instantsOf: calendar.instantsOf, gapAt: calendar.gapAt };
  }
  const hours = Number(match[2]);
  const minutes = hours * 60 + Number(match[3] ?? 0);
  if (minutes > 14 * 60) throw new RangeError(`not an offset from UTC: ${name}`);
  return fixedZone(name, match[1] === '-' ? -minutes : minutes);
}

/** Local times at which zones are compared, one in winter and one in summer. */
const PROBES = [Date.UTC(2024, 0, 15), Date.UTC(2024, 6, 15)];

/** Whether the clocks of two zones show the same time. */
export function isSameZone(a: Zone, b: Zone): boolean {
  return PROBES.every((local) => a.instantsOf(local)[0] === b.instantsOf(local)[0]);
}

export const DATE_ORDERS = ['ymd', 'dmy', 'mdy'] as const;
/** The order of the parts of a date: `dmy` is day, month, year. */
export type DateOrder = (typeof DATE_ORDERS)[number];

/** The meaning of a text under each order of its date, in milliseconds as if it were UTC. */
export interface TimeReadings {
  byOrder: ReadonlyMap<DateOrder, number>;
  /** The separator between the parts of the date. */
  separator: string;
  /** The zone that the text itself states: `Z`, `UTC`, `+09:00`. */
  zone: Zone | null;
}

const DATE = String.raw`(\d{1,4})(?<mark>[-./])\s?(\d{1,2})\k<mark>\s?(\d{1,4})\.?`;
const CLOCK = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?`;
const HALF = String.raw`(AM|PM|오전|오후)`;
const ZONE = String.raw`(Z|UTC|GMT|[+-]\d{2}:?\d{2})`;
const DATE_FIRST = new RegExp(
  `^${DATE}(?:\\s+|T|,\\s*)(?:${HALF}\\s*)?${CLOCK}(?:\\s*${HALF})?(?:\\s*${ZONE})?$`,
  'i',
);
const CLOCK_FIRST = new RegExp(`^${CLOCK}\\s+${DATE}$`);
const MAX_LENGTH = 60;

interface Clock {
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

function clockOf(
  [hour, minute, second = '0', fraction = '']: (string | undefined)[],
  half: string | undefined,
): Clock | null {
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (/^(PM|오후)$/i.test(half) ? 12 : 0);
  }
  const clock = {
    hour: hours,
    minute: Number(minute),
    second: Number(second),
    millisecond: Number(fraction.padEnd(3, '0').slice(0, 3)),
  };
  return clock.hour < 24 && clock.minute < 60 && clock.second < 60 ? clock : null;
}

/** A year of four digits, or of two digits in this century. */
function yearOf(text: string): number | null {
  if (text.length === 4) return Number(text);
  return text.length === 2 ? 2000 + Number(text) : null;
}

function dateOf(year: string, month: string, day: string): number | null {
  const parts = [yearOf(year), Number(month) - 1, Number(day)] as const;
  if (parts[0] === null || month.length > 2 || day.length > 2) return null;
  const time = Date.UTC(parts[0], parts[1], parts[2]);
  const date = new Date(time);
  const isDate =
    date.getUTCFullYear() === parts[0] && date.getUTCMonth() === parts[1] && date.getUTCDate() === parts[2];
  return isDate ? time : null;
}

/**
 * Reads the date and time in a cell: `2026-06-12 12:18:21`, `2026. 6. 12. 오후 12:18`, `26-06-12 12:18:21`,
 * `12/06/2026, 12:18 PM`, `07:20 2024-11-19`, `2018-03-15T10:42:31.215Z`. `null` for anything else, and for
 * dates that do not exist.
 */
export function timeReadings(cell: string): TimeReadings | null {
  if (cell.length > MAX_LENGTH) return null;
  const text = cell.replace(/[\u00A0\u202F]/g, ' ').trim();
  let date: (string | undefined)[];
  let clock: Clock | null;
  let zone: Zone | null = null;
  const match = DATE_FIRST.exec(text);
  if (match === null) {
    const turned = CLOCK_FIRST.exec(text);
    if (turned === null) return null;
    clock = clockOf(turned.slice(1, 5), undefined);
    date = turned.slice(5, 9);
  } else {
    date = match.slice(1, 5);
    const [before, after] = [match[5], match[10]];
    if (before !== undefined && after !== undefined) return null;
    clock = clockOf(match.slice(6, 10), before ?? after);
    if (match[11] !== undefined) zone = ownZone(match[11]);
  }
  if (clock === null) return null;
  const [first = '', separator = '', second = '', third = ''] = date;
  const { hour, minute, second: seconds, millisecond } = clock;
  const sinceMidnight = ((hour * 60 + minute) * 60 + seconds) * 1_000 + millisecond;
  const byOrder = new Map<DateOrder, number>();
  const orders: [DateOrder, number | null][] = [
    ['ymd', dateOf(first, second, third)],
    ['dmy', dateOf(third, second, first)],
    ['mdy', dateOf(third, first, second)],
  ];
  for (const [order, day] of orders) if (day !== null) byOrder.set(order, day + sinceMidnight);
  return byOrder.size === 0 ? null : { byOrder, separator, zone };
}

function ownZone(text: string): Zone {
  return /^[+-]/.test(text) ? zoneOf(text) : UTC;
}

/** A date that begins with the year, which a spreadsheet may have made from a text in another order. */
const YEAR_FIRST = /^\d{4}[-./]/;
const YEAR_LAST = /^\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{4}\b/;

/**
 * Whether a date begins or ends with its year; `null` if the year has two digits, or a program wrote the
 * text.
 */
export function formOf(cell: string): 'year-first' | 'year-last' | null {
  if (/^\d{4}-\d{2}-\d{2}T/.test(cell)) return null;
  if (YEAR_FIRST.test(cell)) return 'year-first';
  return YEAR_LAST.test(cell) ? 'year-last' : null;
}

/** The date with day and month swapped; `null` if it does not exist or is the same. */
export function swappedDay(local: number): number | null {
  const date = new Date(local);
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()];
  return day > 12 || day === month ? null : Date.UTC(date.getUTCFullYear(), day - 1, month);
}

const DAY_MS = 86_400_000;
/** Day 0 of the spreadsheet calendar. */
const DAY_ZERO = Date.UTC(1899, 11, 30);

/** The time of a spreadsheet's day number; `null` if it is not a plausible one since 2009. */
export function dayNumberIn(cell: string): number | null {
  if (!/^[4-6]\d{4}(?:[.,]\d+)?$/.test(cell)) return null;
  return DAY_ZERO + Math.round((Number(cell.replace(',', '.')) * DAY_MS) / 1_000) * 1_000;
}

/** An epoch time in seconds or a smaller unit, as milliseconds; `null` for anything else. */
export function epochIn(cell: string): number | null {
  return /^\d{9,19}(?:\.\d{1,9})?$/.test(cell) ? epochMilliseconds(Number(cell)) : null;
}

/**
 * The one order that fits all times of a file; `null` if none or several do. An order that gives implausible
 * times does not fit.
 */
export function orderOfDates(
  readings: readonly TimeReadings[],
  { earliest, latest }: { earliest: number; latest: number },
): DateOrder[] {
  const separators = new Set(readings.map(({ separator }) => separator));
  // A spreadsheet has converted some of the dates, and nothing shows which.
  if (separators.size > 1) return [];
  return DATE_ORDERS.filter((order) =>
    readings.every(({ byOrder }) => {
      const time = byOrder.get(order);
      return time !== undefined && time >= earliest && time <= latest;
    }),
  );
}
