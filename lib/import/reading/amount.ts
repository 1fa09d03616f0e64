export const DECIMAL_MARKS = ['.', ','] as const;
/** The character before the decimals of a number. */
export type DecimalMark = (typeof DECIMAL_MARKS)[number];

/** A number as exchanges print it, with an optional unit after it. */
export interface Amount {
  /** Plain decimal text; `null` for an empty cell or a dash. */
  number: string | null;
  /** `KRW` in `1,000 KRW`. */
  unit: string | null;
}

/** A text that is one of two numbers, depending on the decimal mark: `1,234`. */
export class AmbiguousNumber {
  readonly readings: readonly [string, string];

  constructor(readings: readonly [string, string]) {
    this.readings = readings;
  }
}

/** Longer texts are not numbers: the ledger has 38 digits, plus room for a unit. */
const MAX_LENGTH = 100;
/** The largest power of ten, positive or negative, that the ledger can hold, with some room. */
const MAX_EXPONENT = 60;

const PLAIN = /^-?\d+(?:\.\d+)?$/;
const SIGN = /^([+-])\s?(?=[\d.,])/;
const EXPONENT = /^([\d.,' ]+)[eE]([+-]?\d{1,3})$/;
/** Thousands grouped in threes, as almost everywhere, or in twos before the last three, as in India. */
const FORMS: Record<DecimalMark, RegExp> = {
  '.': /^(\d+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d{0,2}(?:'\d{3})+|[1-9]\d{0,2}(?: \d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})?(?:\.(\d+))?$/,
  ',': /^(\d+|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:'\d{3})+|[1-9]\d{0,2}(?: \d{3})+)?(?:,(\d+))?$/,
};

/** Replaces typographic minus signs, apostrophes and spaces by the ASCII ones. */
function simplified(text: string): string {
  return text
    .replace(/[−‒–]/g, '-')
    .replace(/[’ʼ]/g, "'")
    .replace(/[\u00A0\u2007\u2009\u202F]/g, ' ')
    .trim();
}

/**
 * `1.234` in `1.234E5`: the separator after the first digit of a number with an exponent is always the
 * decimal mark.
 */
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

/** The number a text stands for under each decimal mark; `null` where the mark does not fit. */
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
 * @param mark the file's decimal mark; `null` if unknown
 * @returns `null` if the text is not a number
 */
export function plainNumber(text: string, mark: DecimalMark | null): string | AmbiguousNumber | null {
  if (mark === '.' && text.length <= MAX_LENGTH && PLAIN.test(text)) return text;
  const readings = readingsOf(text);
  if (mark !== null) return readings[mark];
  const { '.': point, ',': comma } = readings;
  if (point === null || comma === null || point === comma) return point ?? comma;
  return new AmbiguousNumber([point, comma]);
}

/** The decimal mark that a number must have been written with; `null` if it could be either. */
export function markOf(text: string): DecimalMark | null {
  const { '.': point, ',': comma } = readingsOf(text);
  if ((point === null) === (comma === null)) return null;
  return point === null ? ',' : '.';
}

/** Whether a text is another number, or none, with the other decimal mark. */
export function dependsOnMark(text: string): boolean {
  const { '.': point, ',': comma } = readingsOf(text);
  return point !== comma;
}

/** Splits a number from its unit. The unit is `null` if it is not one of those given. */
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
  // One unit may be the end of another: `10.51INCH` is 10.5 of 1INCH, or 10.51 of INCH.
  if (found.length > 1) {
    const spaced = found.filter((unit) => /\s$/.test(text.slice(0, -unit.length)));
    if (spaced.length !== 1) return null;
    found.splice(0, found.length, ...spaced);
  }
  const [unit = null] = found;
  const number = unit === null ? text : text.slice(0, -unit.length).trim();
  return { number, unit };
}

/** A unit of letters and digits after a space. */
const SPACED_UNIT = /^(.*\S)\s+([A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)$/;

/** The unit after a space, whatever asset it is. */
export function spacedUnit(cell: string): string | null {
  if (cell.length > MAX_LENGTH) return null;
  return SPACED_UNIT.exec(cell.trim())?.[2]?.toUpperCase() ?? null;
}

/** Whether a cell is empty or a dash. */
export function isNothing(number: string): boolean {
  return number === '' || /^[-−–]{1,2}$/.test(number);
}
