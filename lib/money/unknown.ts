import type { Fixed } from './money.ts';

/** Arithmetic in which what is not known (`null`) stays unknown. */

export function plus(a: Fixed | null, b: Fixed | null): Fixed | null {
  return a === null || b === null ? null : a + b;
}

export function minus(a: Fixed | null, b: Fixed | null): Fixed | null {
  return a === null || b === null ? null : a - b;
}

export function negated(value: Fixed | null): Fixed | null {
  return value === null ? null : -value;
}
