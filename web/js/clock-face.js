import { locale } from './locale.js';

/** How times are read in one IANA zone. The browser may not know the zone: then UTC, and `zone` says so. */
export function clockFace(timeZone) {
  const zone = isKnown(timeZone) ? timeZone : 'UTC';
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
  const times = new Intl.DateTimeFormat(locale, { timeZone: zone, ...clock });
  const dateTimes = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    ...clock,
  });
  const days = new Intl.DateTimeFormat('en-CA', { timeZone: zone });
  const now = () => days.format(new Date());
  return {
    zone,
    /** `hh:mm:ss`, of ISO text or epoch milliseconds; with the date when that is not today. */
    time(at) {
      const date = new Date(at);
      if (Number.isNaN(date.getTime())) return String(at);
      return days.format(date) === now() ? times.format(date) : dateTimes.format(date);
    },
  };
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
