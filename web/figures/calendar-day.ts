const DAY_MS = 86_400_000;

/** A date of the address; `''` unless it is one. */
export function dateOf(given: string | undefined): string {
  if (given === undefined || !/^\d{4}-\d\d-\d\d$/.test(given)) return '';
  return Number.isNaN(Date.parse(given)) ? '' : given;
}

/** The API's `to` is exclusive; people mean the whole day. */
export function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}
