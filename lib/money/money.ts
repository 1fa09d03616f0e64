/**
 * Exact money: a fixed-point number in units of 10⁻¹⁸ as a bigint.
 *
 * Sums and differences are native `+` and `-`, hence exact and without bound. A product or quotient is rounded
 * once, half to even, to 18 decimals, and that rounded figure is the one every later sum uses: this is what lets the
 * ledger identity hold to the last digit.
 */
export type Fixed = bigint;

export const DECIMALS = 18;
export const ONE: Fixed = 10n ** 18n;
export const ZERO: Fixed = 0n;

const ZERO_DIGIT = 48;
const PLAIN_DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Parses plain decimal text (`-12.50`). @throws RangeError for any other text or more than 18 significant decimals */
export function fixed(text: string): Fixed {
  const match = PLAIN_DECIMAL.exec(text);
  if (!match) throw new RangeError(`not a plain decimal number: ${JSON.stringify(text.slice(0, 40))}`);
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > DECIMALS)
    throw new RangeError(`more than ${DECIMALS} decimals: ${text.slice(0, 60)}`);
  const units = BigInt((match[2] ?? '0') + fraction.padEnd(DECIMALS, '0'));
  return match[1] === '-' ? -units : units;
}

/** Plain decimal text without exponent, trailing zeros or a negative zero. */
export function decimal(value: Fixed): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(DECIMALS + 1, '0');
  const point = digits.length - DECIMALS;
  // Every figure of every event comes through here: a loop is several times as fast as a pattern.
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === ZERO_DIGIT) end -= 1;
  const text =
    end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
  return negative ? `-${text}` : text;
}

/** `decimal` that keeps an unknown (`null`) unknown. */
export function decimalOrNull(value: Fixed | null): string | null {
  return value === null ? null : decimal(value);
}

/** Integer quotient rounded half to even. */
function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  if (denominator < 0n) return divideHalfEven(-numerator, -denominator);
  const quotient = numerator / denominator;
  const remainder = numerator - quotient * denominator;
  if (remainder === 0n) return quotient;
  const twice = (remainder < 0n ? -remainder : remainder) * 2n;
  const away = twice > denominator || (twice === denominator && quotient % 2n !== 0n);
  if (!away) return quotient;
  return numerator < 0n ? quotient - 1n : quotient + 1n;
}

/** a × b, rounded once. */
export function mul(a: Fixed, b: Fixed): Fixed {
  // The rate of the base currency: most products of a ledger are with it.
  if (b === ONE) return a;
  return divideHalfEven(a * b, ONE);
}

/** a ÷ b, rounded once. @throws RangeError when b is zero */
export function div(a: Fixed, b: Fixed): Fixed {
  return divideHalfEven(a * ONE, b);
}

/** a × b ÷ c with one rounding at the end: the pro-rata share. @throws RangeError when c is zero */
export function mulDiv(a: Fixed, b: Fixed, c: Fixed): Fixed {
  return divideHalfEven(a * b, c);
}

/** Rounded half to even to `places` decimals, for rates on display. */
export function round(value: Fixed, places: number): Fixed {
  const step = 10n ** BigInt(DECIMALS - places);
  return divideHalfEven(value, step) * step;
}

export function abs(value: Fixed): Fixed {
  return value < 0n ? -value : value;
}

export function min(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b;
}

/** A double for statistics only (ratios, volatility): never for an amount. */
export function toNumber(value: Fixed): number {
  return Number(decimal(value));
}
