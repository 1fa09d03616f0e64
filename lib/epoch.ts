/** The first block of Bitcoin: nothing in a ledger of coins is older, unless its sender says it is. */
export const GENESIS = Date.UTC(2009, 0, 3);
const LATEST = Date.UTC(10_000, 0, 1);

/** Milliseconds that one unit of an epoch time is worth: seconds, milliseconds, microseconds, nanoseconds. */
const UNITS = [1_000, 1, 1 / 1_000, 1 / 1_000_000];

/**
 * An epoch time in whichever unit puts it between 2009 and 9999, as milliseconds: no two units do. `null`: none does.
 */
export function epochMilliseconds(value: number): number | null {
  for (const unit of UNITS) {
    const time = value * unit;
    if (time >= GENESIS && time < LATEST) return Math.floor(time);
  }
  return null;
}
