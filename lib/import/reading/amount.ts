export const DECIMAL_MARKS = ['.', ','] as const;
/** What stands before the decimals of a number. */
export type DecimalMark = (typeof DECIMAL_MARKS)[number];

/** A number as exchanges print it, with the unit that may stand behind it. */
export interface Amount {
  /** Plain decimal text; `null` for a cell that is empty or a dash. */
  number: string | null;
  /** `KRW` of `1,000 KRW`. */
  unit: string | null;
}

/** A text that is two numbers, depending on the decimal mark: `1,234`. */
export class AmbiguousNumber {
  readonly readings: readonly [string, string];

  constructor(readings: readonly [string, string]) {
    this.readings = readings;
  }
}

/** No number of a file is longer: the ledger has 38 digits, and a unit may stand behind it. */
const MAX_LENGTH = 100;
/** The smallest and largest powers of ten that a number of the ledger can have, with some room. */
const MAX_EXPONENT = 60;

const PLAIN = /^-?\d+(?:\.\d+)?$/;
const SIGN = /^([+-])\s?(?=[\d.,])/;
const EXPONENT = /^([\d.,' ]+)[eE]([+-]?\d{1,3})$/;
/** Thousands in threes, as almost everywhere, or in twos before the last three, as in India. */
const FORMS: Record<DecimalMark, RegExp> = {
  '.': /^(\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:'\d{3})+|[1-9]\d{0,2}(?: \d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})?(?:\.(\d+))?$/,
  ',': /^(\d+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:'\d{3})+|[1-9]\d{0,2}(?: \d{3})+)?(?:,(\d+))?$/,
};

/** Typographic minus signs, apostrophes and spaces as the plain ones. */
function simplified(text: string): string {
  return text
    .replace(/[−‒–]/g, '-')
    .replace(/[’ʼ]/g, "'")
    .replace(/[\u00A0\u2007\u2009\u202F]/g, ' ')
    .trim();
}

/** `1.234` of `1.234E5`: behind the first digit of a number with an exponent stand its decimals, never thousands. */
const MANTISSA = /^(\d)[.,](\d+)$/;

function readAs(mark: DecimalMark, digits: string): string | null {
  const match = FORMS[mark].exec(digits);
  if (match === null || (match[1] === undefined && match[2] === undefined)) return null;
  const whole = (match[1] ?? '0').replace(/[^\d]/g, '');
  return match[2] === undefined ? whole : `${whole}.${match[2]}`;
}

/** `1.7103` and 7 → `17103000`. */
function shifted(number: string, exponent: number): string {
  const [whole = '', fraction = ''] = number.split('.');
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits + '0'.repeat(point - digits.length);
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * What a text is under each decimal mark; `null` under one that it cannot have been written with.
 */
export function readingsOf(text: string): Record<DecimalMark, string | null> {
  const none = { '.': null, ',': null };
  if (text.length > MAX_LENGTH) return none;
  let digits = simplified(text);
  const sign = SIGN.exec(digits);
  if (sign !== null) digits = digits.slice(sign[0].length);
  const power = EXPONENT.exec(digits);
  const exponent = Number(power?.[2] ?? 0);
  if (Math.abs(exponent) > MAX_EXPONENT) return none;
  const minus = sign?.[1] === '-' ? '-' : '';
  const mantissa = power === null ? null : MANTISSA.exec(power[1] ?? '');
  const reading = (mark: DecimalMark): string | null => {
    const number = mantissa === null ? readAs(mark, power?.[1] ?? digits) : `${mantissa[1]}.${mantissa[2]}`;
    if (number === null) return null;
    return minus + (exponent === 0 ? number : shifted(number, exponent));
  };
  return { '.': reading('.'), ',': reading(',') };
}

/**
 * `1,234.50` → `1234.50`, `5.0E-4` → `0.00050`.
 * @param mark that the file uses; `null` if it does not show one
 * @returns `null` for what is no number
 */
export function plainNumber(text: string, mark: DecimalMark | null): string | AmbiguousNumber | null {
  if (mark === '.' && text.length <= MAX_LENGTH && PLAIN.test(text)) return text;
  const readings = readingsOf(text);
  if (mark !== null) return readings[mark];
  const { '.': point, ',': comma } = readings;
  if (point === null || comma === null || point === comma) return point ?? comma;
  return new AmbiguousNumber([point, comma]);
}

/** Which mark a number shows that it was written with; `null` if it could be either. */
export function markOf(text: string): DecimalMark | null {
  const { '.': point, ',': comma } = readingsOf(text);
  if ((point === null) === (comma === null)) return null;
  return point === null ? ',' : '.';
}

/** A number without its unit, and the unit; `null` for a unit that is not among those. */
export function splitUnit(
  cell: string,
  units: readonly string[],
): { number: string; unit: string | null } | null {
  const text = cell.trim();
  const upper = text.toUpperCase();
  const found = units.filter((unit) => {
    if (unit === '' || !upper.endsWith(unit)) return false;
    const before = text.slice(0, -unit.length);
    return before.trim() === '' || /[\d.,\-\s]$/.test(before);
  });
  // One unit may end another: `10.51INCH` is 10.5 of 1INCH, or 10.51 of INCH.
  if (found.length > 1) {
    const spaced = found.filter((unit) => /\s$/.test(text.slice(0, -unit.length)));
    if (spaced.length !== 1) return null;
    found.splice(0, found.length, ...spaced);
  }
  const [unit = null] = found;
  const number = unit === null ? text : text.slice(0, -unit.length).trim();
  return { number, unit };
}

/** A unit of capital letters and digits behind a space. */
const SPACED_UNIT = /^(.*\S)\s+([A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)$/;

/** The unit of a cell which has a space before it, whatever asset it is. */
export function spacedUnit(cell: string): string | null {
  if (cell.length > MAX_LENGTH) return null;
  return SPACED_UNIT.exec(cell.trim())?.[2]?.toUpperCase() ?? null;
}

/** Whether a cell says that there is nothing. */
export function isNothing(number: string): boolean {
  return number === '' || /^[-−–]{1,2}$/.test(number);
}
