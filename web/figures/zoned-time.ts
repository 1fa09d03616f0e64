const MINUTE_MS = 60_000;
const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;

function readingIn(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = format.formatToParts(at);
    const part = (name: (typeof PARTS)[number]): number =>
      Number(parts.find(({ type }) => type === name)?.value ?? 0);
    return Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
  };
}

/** Local time in a zone, to the second, in the format of a `datetime-local` input. */
export function toLocalTime(at: string | number, zone: string): string {
  const shown = readingIn(zone)(Math.floor(new Date(at).getTime() / 1_000) * 1_000);
  return new Date(shown).toISOString().slice(0, 19);
}

/**
 * The instant of a local time in a zone. If clocks are put back and show it twice, the earlier one.
 * @returns ISO text; `null` if the clocks skip it
 */
export function fromLocalTime(local: string, zone: string): string | null {
  const wanted = Date.parse(`${local.length === 16 ? `${local}:00` : local}Z`);
  if (Number.isNaN(wanted)) return null;
  const shown = readingIn(zone);
  // Offsets from UTC are at most 14 hours, and do not change twice within two days.
  const found = [-1, 1]
    .map((side) => wanted + side * 14 * 60 * MINUTE_MS)
    .map((near) => wanted - (shown(near) - Math.floor(near / 1_000) * 1_000))
    .filter((at) => shown(at) === Math.floor(wanted / 1_000) * 1_000);
  return found.length === 0 ? null : new Date(Math.min(...found)).toISOString();
}
