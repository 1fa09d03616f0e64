import type { Fixed } from './money.ts';
import { ZERO, decimal, div, round } from './money.ts';

/** Ratios are for display: rounded to this many decimals. */
export const RATIO_PLACES = 10;

/** part ÷ whole as text; `null` when either is not known or there is no positive whole to refer to. */
export function ratio(part: Fixed | null, whole: Fixed | null): string | null {
  if (part === null || whole === null || whole <= ZERO) return null;
  return decimal(round(div(part, whole), RATIO_PLACES));
}

/** A statistic as plain decimal text, never an exponent; `null` for what is not a finite number. */
export function statistic(value: number | null): string | null {
  if (value === null || !Number.isFinite(value)) return null;
  // toFixed turns to exponents from 1e21 on: a statistic that large is the result of dividing by almost nothing.
  if (Math.abs(value) >= 1e21) return null;
  const text = value.toFixed(RATIO_PLACES).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}
