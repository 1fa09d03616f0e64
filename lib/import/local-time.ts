import { calendarOf } from '../pnl/performance/calendar.ts';

/** The zone that a file's times are in. */
export interface Zone {
  name: string;
  /** The instant at which its clocks show a local time (milliseconds as if it were UTC); `null` for one they skip. */
  instantOf: (local: number) => number | null;
}

function fixedZone(name: string, offsetMinutes: number): Zone {
  return { name, instantOf: (local) => local - offsetMinutes * 60_000 };
}

export const UTC = fixedZone('UTC', 0);
/** Korea has had no daylight saving time since 1988. */
export const KOREA = fixedZone('Asia/Seoul', 540);

const OFFSET = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$/i;

/** An IANA name, or an offset as `+09:00` or `UTC+9`. @throws RangeError for anything else */
export function zoneOf(name: string): Zone {
  const match = OFFSET.exec(name);
  if (match === null) {
    const calendar = calendarOf(name);
    return { name: calendar.zone, instantOf: (local) => calendar.instantOf(local) };
  }
  const hours = Number(match[2]);
  const minutes = hours * 60 + Number(match[3] ?? 0);
  if (minutes > 14 * 60) throw new RangeError(`not an offset from UTC: ${name}`);
  return fixedZone(name, match[1] === '-' ? -minutes : minutes);
}

const TIME =
  /^(\d{4}|\d{2})[-./]\s?(\d{1,2})[-./]\s?(\d{1,2})\.?(?:\s+|T)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?$/;

/**
 * What a cell's clock shows, as milliseconds as if it were UTC: `2026-06-12 12:18:21`, `2026.06.12 12:18`,
 * `26-06-12 12:18:21`. `null` for anything else, and for dates that no calendar has.
 */
export function localTime(cell: string): number | null {
  const match = TIME.exec(cell.trim());
  if (match === null) return null;
  const [, year = '', month, day, hour, minute, second = '0', fraction = ''] = match;
  const parts = [
    year.length === 2 ? 2000 + Number(year) : Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  ] as const;
  const time = Date.UTC(...parts);
  const read = new Date(time);
  const shown = [
    read.getUTCFullYear(),
    read.getUTCMonth(),
    read.getUTCDate(),
    read.getUTCHours(),
    read.getUTCMinutes(),
    read.getUTCSeconds(),
  ];
  if (parts.some((part, index) => part !== shown[index])) return null;
  return time + Number(fraction.padEnd(3, '0').slice(0, 3));
}
