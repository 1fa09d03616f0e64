import { abs, decimal, type Fixed } from '../../money/money.ts';

/** The number of decimals of a number as written. */
export function placesIn(number: string): number {
  const [, fraction = ''] = number.split('.');
  return fraction.length;
}

export function placesOf(amount: Fixed): number {
  return placesIn(decimal(amount));
}

/** One unit of the last digit of a number with `places` decimals. */
export function lastDigit(places: number): Fixed {
  return 10n ** BigInt(18 - Math.min(places, 18));
}

/** Whether two amounts differ by at most one part in `part`. */
export function isWithin(a: Fixed, b: Fixed, part: bigint): boolean {
  return abs(a - b) * part <= abs(b);
}
