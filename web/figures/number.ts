import { locale } from '../page/locale.ts';
import { allDigits } from './all-digits.ts';
import { PLAIN_DECIMAL } from './decimal.ts';

/**
 * Decimal text to display text. `Intl.NumberFormat` takes the text itself, so no digit passes through a double.
 * Anything but plain decimal text is shown unchanged.
 */
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

/** Whether rounding to `digits` decimals would leave nothing of a value. */
function isSmall(text: string, digits: number): boolean {
  const [, whole = '', part = ''] = PLAIN_DECIMAL.exec(text) ?? [];
  return !/[1-9]/.test(whole + part.slice(0, digits)) && /[1-9]/.test(part);
}

/**
 * Rounds to `digits` decimals, or keeps every digit if the reader wants that. A value that would become zero
 * keeps two significant digits: a small loss is still a loss.
 * @param least the minimum number of decimals
 */
function rounded(isTooSmall: boolean, digits: number, least: number): Intl.NumberFormatOptions {
  if (allDigits.value) return { minimumFractionDigits: least, maximumFractionDigits: EVERY_DIGIT };
  if (isTooSmall) return { maximumSignificantDigits: 2 };
  return { minimumFractionDigits: least, maximumFractionDigits: digits };
}

function ofMoney(text: string, currency: string): Intl.NumberFormatOptions {
  const digits = decimals(currency);
  return rounded(isSmall(text, digits), digits, Math.min(digits, 2));
}

/** Two decimals of a percentage are four of the ratio. */
function ofPercent(text: string): Intl.NumberFormatOptions {
  return { style: 'percent', ...rounded(isSmall(text, 4), 2, 2) };
}

/** Money, rounded to the currency's usual decimals. */
export function amount(text: string, currency: string): string {
  return format(text, ofMoney(text, currency));
}

/** A gain or loss, always with its sign. */
export function signedAmount(text: string, currency: string): string {
  return format(text, { ...ofMoney(text, currency), signDisplay: 'exceptZero' });
}

/** A quantity or a quoted price, with every digit that was sent. */
export function exact(text: string): string {
  return format(text, { maximumFractionDigits: EVERY_DIGIT });
}

/** A difference of quantities, with every digit that was sent and always with its sign. */
export function signedExact(text: string): string {
  return format(text, { maximumFractionDigits: EVERY_DIGIT, signDisplay: 'exceptZero' });
}

/** A calculated price (an average), which may have more digits than are useful: about eight significant ones. */
export function averagePrice(text: string, currency: string): string {
  if (allDigits.value) return exact(text);
  const whole = PLAIN_DECIMAL.exec(text)?.[1]?.replace(/^0+/, '') ?? '';
  if (whole === '') return format(text, { maximumSignificantDigits: 6 });
  const floor = Math.min(decimals(currency), 2);
  return format(text, { maximumFractionDigits: Math.max(floor, 8 - whole.length) });
}

/** A ratio (`0.0123`) as a percentage. */
export function percent(text: string): string {
  return format(text, ofPercent(text));
}

/** A rate of return as a percentage with its sign. */
export function signedPercent(text: string): string {
  return format(text, { ...ofPercent(text), signDisplay: 'exceptZero' });
}

/** A ratio as a plain number (`1.85`). */
export function ratio(text: string): string {
  return format(text, rounded(isSmall(text, 2), 2, 2));
}

/** A gain or loss for narrow places (`+855K`): at least two digits, always with its sign. */
export function compactAmount(text: string, currency: string): string {
  if (allDigits.value) return signedAmount(text, currency);
  return format(text, { notation: 'compact', maximumSignificantDigits: 3, signDisplay: 'exceptZero' });
}

/** A double for drawing; `null` stays `null`. Never used for figures that people read. */
export function toDouble(text: string | null): number | null {
  return text === null ? null : Number(text);
}

/**
 * A value on an axis, as short as possible. Tick distances have at most two significant digits (250, 0.5), so
 * values need no more.
 */
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

/** A count with the separators of the reader's language. */
export function count(figure: number): string {
  return exact(String(figure));
}
