import { locale } from '../page/locale.ts';

const DAY_MS = 86_400_000;
const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' };

/** ISO text or epoch milliseconds. */
type Instant = string | number;
export type ClockFace = ReturnType<typeof clockFace>;

/** Formats times in one IANA zone. If the browser does not know the zone, UTC is used, and `zone` says so. */
export function clockFace(timeZone: string) {
  const zone = isKnownZone(timeZone) ? timeZone : 'UTC';
  const reader = (options: Intl.DateTimeFormatOptions, tag = locale) => {
    const format = new Intl.DateTimeFormat(tag, { timeZone: zone, ...options });
    return (at: Date | number): string => format.format(at);
  };
  const time = reader({ ...CLOCK, second: '2-digit' });
  const dateTime = reader({ ...DATE, ...CLOCK, second: '2-digit' });
  const minute = reader({ ...DATE, ...CLOCK });
  const day = reader({}, 'en-CA');
  const months = reader({ year: '2-digit', month: 'short' });
  const days = reader({ month: 'numeric', day: 'numeric' });
  const clock = reader(CLOCK);
  return {
    zone,
    /** `hh:mm:ss` of ISO text or epoch milliseconds; with the date unless it is today. */
    time(at: Instant): string {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return String(at);
      return day(date) === day(Date.now()) ? time(date) : dateTime(date);
    },
    /** `hh:mm`; with the date unless it is today. */
    minuteOfDay(at: Instant): string {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return String(at);
      return day(date) === day(Date.now()) ? clock(date) : minute(date);
    },
    /** Date and time to the second, always both. */
    dateTime: (at: Instant) => dateTime(new Date(at)),
    /** Date and time to the minute. */
    minute: (at: Instant) => minute(new Date(at)),
    /** `YYYY-MM-DD`. */
    day: (at: Instant) => day(new Date(at)),
    /** As short as the distance between ticks allows. */
    tick(at: number, distance: number): string {
      if (distance >= 28 * DAY_MS) return months(at);
      // Between hours, the first tick of a day shows the date.
      return distance >= DAY_MS || /^00\D00$/.test(clock(at)) ? days(at) : clock(at);
    },
  };
}

/** A calendar date (`YYYY-MM-DD`) in the reader's language; `year` and `month` only if requested. */
export function calendarDate(label: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(
    Date.parse(`${label}T00:00Z`),
  );
}

export function isKnownZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The reader's own zone. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** In the reader's own zone, until a portfolio is chosen. */
export function localClockFace(): ClockFace {
  return clockFace(localZone());
}
