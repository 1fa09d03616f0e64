/** A new one takes longer than to use it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** Date and time of a place, as `2024-03-31 23:59:59`, read another way than the program reads it. */
export function localText(time: number, timeZone: string): string {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  formats.set(timeZone, format);
  return format.format(time);
}
