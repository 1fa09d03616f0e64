import { locale } from './locale.js';

const DAY_MS = 86_400_000;
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DATE = { year: 'numeric', month: '2-digit', day: '2-digit' };

/** How times are read in one IANA zone. The browser may not know the zone: then UTC, and `zone` says so. */
export function clockFace(timeZone) {
  const zone = isKnown(timeZone) ? timeZone : 'UTC';
  const reader = (options, tag = locale) => {
    const format = new Intl.DateTimeFormat(tag, { timeZone: zone, ...options });
    return (at) => format.format(at);
  };
  const time = reader({ ...CLOCK, second: '2-digit' });
  const dateTime = reader({ ...DATE, ...CLOCK, second: '2-digit' });
  const minute = reader({ ...DATE, ...CLOCK });
  const day = reader({}, 'en-CA');
  const ofAxis = [
    { from: 28 * DAY_MS, read: reader({ year: '2-digit', month: 'short' }) },
    { from: DAY_MS, read: reader({ month: 'numeric', day: 'numeric' }) },
    { from: 0, read: reader(CLOCK) },
  ];
  return {
    zone,
    /** `hh:mm:ss`, of ISO text or epoch milliseconds; with the date when that is not today. */
    time(at) {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return String(at);
      return day(date) === day(Date.now()) ? time(date) : dateTime(date);
    },
    /** Date and time to the second, always both. */
    dateTime: (at) => dateTime(new Date(at)),
    /** Date and time to the minute. */
    minute: (at) => minute(new Date(at)),
    /** `YYYY-MM-DD`. */
    day: (at) => day(new Date(at)),
    /** As short as the distance between two ticks of an axis allows. */
    tick(at, distance) {
      const [, days, clock] = ofAxis;
      // Among hours the first of a day stands for the day.
      if (distance < DAY_MS && /^00\D00$/.test(clock.read(at))) return days.read(at);
      return ofAxis.find(({ from }) => distance >= from).read(at);
    },
  };
}

/** A calendar date (`YYYY-MM-DD`) as people write it; `year` and `month` only as far as asked for. */
export function calendarDate(label, options = { month: 'numeric', day: 'numeric' }) {
  return new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(
    Date.parse(`${label}T00:00Z`),
  );
}

function isKnown(timeZone) {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The reader's own zone, until a portfolio is chosen. */
export function localClockFace() {
  return clockFace(new Intl.DateTimeFormat().resolvedOptions().timeZone);
}
