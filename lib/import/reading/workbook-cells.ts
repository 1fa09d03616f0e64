const DAY_MS = 86_400_000;

/** Whether a number format shows a date. Ignores what is quoted or in brackets, because that is shown as it is. */
export function isDateFormat(code: string): boolean {
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\[[^\]]*\]|\\./g, ''));
}

/** The date and time of a serial number, as a clock shows them. */
export function dateText(serial: number, epoch: number): string {
  const time = new Date(epoch + Math.round((serial * DAY_MS) / 1_000) * 1_000);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * The number of a cell. Spreadsheets write a double in full, with 17 digits, and show the 15 significant
 * ones; numbers of other programs are kept as they are. Decimals get an exponent (`1.234` becomes `1.234E0`),
 * so that a decimal comma elsewhere in the sheet cannot turn them into thousands.
 */
export function numberText(value: string): string {
  const number = Number(value);
  if (!Number.isFinite(number) || /^-?\d+$/.test(value)) return value;
  const isWhole =
    Number(number.toPrecision(17)) === number && digitsOf(number.toPrecision(17)) === digitsOf(value);
  const exact = isWhole ? String(Number(number.toPrecision(15))) : value;
  return /^-?\d+$/.test(exact) ? exact : normalised(exact);
}

function digitsOf(number: string): string {
  return number.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '');
}

/** `-12.5` → `-1.25E1`, `0.001` → `1E-3`, digit for digit. */
function normalised(number: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(number);
  if (match === null) return number;
  const [, minus = '', whole = '', fraction = '', power = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const exponent = whole.length + Number(power) - ((whole + fraction).length - digits.length) - 1;
  const rest = digits.slice(1).replace(/0+$/, '');
  return `${minus}${digits[0] ?? ''}${rest === '' ? '' : `.${rest}`}E${exponent}`;
}

/** The column of a reference such as `AB12`, from 0. */
export function columnOf(reference: string): number {
  let column = 0;
  for (const letter of reference.replace(/\d+$/, '')) column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}
