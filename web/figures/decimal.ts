/** Exact arithmetic on decimal text. */
export const PLAIN_DECIMAL = /^-?(\d+)(?:\.(\d+))?$/;

/** The exact sum of decimal texts. */
export function sum(texts: readonly string[]): string {
  const places = Math.max(0, ...texts.map((each) => fraction(each).length));
  const total = texts.reduce((before, each) => before + units(each, places), 0n);
  const digits = String(total < 0n ? -total : total).padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const part = digits.slice(digits.length - places).replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`;
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
