import { locale } from '../page/locale.ts';

/**
 * Decimal text to display text. `Intl.NumberFormat` takes the text itself, so no digit passes through a double.
 * Whatever is not plain decimal text is shown as it came.
 */
const PLAIN_DECIMAL = /^-?(\d+)(?:\.(\d+))?$/;
const NO_CENTS = new Set(['KRW', 'JPY']);
const CENTS = new Set(['USD', 'EUR', 'USDT', 'USDC', 'DAI']);
const EVERY_DIGIT = 18;

const formatters = new Map<string, Intl.NumberFormat>();

function isDecimal(text: string): text is Intl.StringNumericLiteral {
  return PLAIN_DECIMAL.test(text);
}

function format(text: string, options: Intl.NumberFormatOptions): string {
  if (!isDecimal(text)) return text;
  const key = JSON.stringify(options);
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(locale, options);
    formatters.set(key, formatter);
  }
  return formatter.format(text);
}

function decimals(currency: string): number {
  if (NO_CENTS.has(currency)) return 0;
  return CENTS.has(currency) ? 2 : 8;
}

/** Money in a currency, rounded to what it is usually counted in. */
export function amount(text: string, currency: string): string {
  const digits = decimals(currency);
  return format(text, { minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: digits });
}

/** Money won or lost: always with its sign. */
export function signedAmount(text: string, currency: string): string {
  const digits = decimals(currency);
  return format(text, {
    minimumFractionDigits: Math.min(digits, 2),
    maximumFractionDigits: digits,
    signDisplay: 'exceptZero',
  });
}

/** A quantity or a quoted price: every digit that was sent. */
export function exact(text: string): string {
  return format(text, { maximumFractionDigits: EVERY_DIGIT });
}

/** A calculated price (an average), which may have more digits than help: about eight significant ones. */
export function averagePrice(text: string, currency: string): string {
  const whole = PLAIN_DECIMAL.exec(text)?.[1]?.replace(/^0+/, '') ?? '';
  if (whole === '') return format(text, { maximumSignificantDigits: 6 });
  const floor = Math.min(decimals(currency), 2);
  return format(text, { maximumFractionDigits: Math.max(floor, 8 - whole.length) });
}

/** A ratio (`0.0123`) as a percentage. */
export function percent(text: string): string {
  return format(text, { style: 'percent', minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A rate of return as a percentage with its sign. */
export function signedPercent(text: string): string {
  return format(text, {
    style: 'percent',
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    signDisplay: 'exceptZero',
  });
}

/** A double for drawing; `null` stays `null`. Figures that are read never go through this. */
export function toDouble(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/** A value of an axis, as short as can be. Distances of an axis have two digits at most (250, 0.5), and so has a value. */
export function axisValue(value: number, distance: number): string {
  const place = (figure: number): number => Math.floor(Math.log10(Math.abs(figure)));
  const digits = value === 0 ? 1 : place(value) - place(distance) + 2;
  const options: Intl.NumberFormatOptions = {
    notation: 'compact',
    maximumSignificantDigits: Math.min(15, Math.max(1, digits)),
  };
  return new Intl.NumberFormat(locale, options).format(value);
}

/** −1, 0 or 1. */
export function sign(text: string): -1 | 0 | 1 {
  if (!/[1-9]/.test(text)) return 0;
  return text.startsWith('-') ? -1 : 1;
}

/** Exact comparison of two decimal texts: negative, 0 or positive. */
export function compare(a: string, b: string): number {
  const places = Math.max(fraction(a).length, fraction(b).length);
  const left = units(a, places);
  const right = units(b, places);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function fraction(text: string): string {
  return PLAIN_DECIMAL.exec(text)?.[2] ?? '';
}

function units(text: string, places: number): bigint {
  if (!PLAIN_DECIMAL.test(text)) return 0n;
  const [whole = '', part = ''] = text.split('.');
  return BigInt(whole + part.padEnd(places, '0'));
}

/** How many of something, as people write it. */
export function count(figure: number): string {
  return exact(String(figure));
}
