/** A number as exchanges print it, with the unit that may stand behind it. */
export interface Amount {
  /** Plain decimal text; `null` for a cell that is empty or a dash. */
  number: string | null;
  /** `KRW` of `1,000 KRW`. */
  unit: string | null;
}

/** No number of a file is longer: the ledger has 38 digits, and a unit may stand behind it. */
const MAX_LENGTH = 100;
const NUMBER = /^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?$/;
const UNIT = /^(.*?)\s*([A-Za-z][A-Za-z0-9]*)$/;

/** `1,234.50` → `1234.50`. `null` for what is no plain number, such as `1.2E-05`, which a spreadsheet has rounded. */
export function plainNumber(text: string): string | null {
  if (text.length > MAX_LENGTH) return null;
  const match = NUMBER.exec(text);
  if (match === null || (match[2] === undefined && match[3] === undefined)) return null;
  const sign = match[1] === '-' ? '-' : '';
  return `${sign}${(match[2] ?? '0').replaceAll(',', '')}${match[3] ?? ''}`;
}

/** `0.5BTC`, `5,000,000 KRW`, `- KRW`, `12.5`, `-`. `null` for anything else. */
export function parseAmount(cell: string): Amount | null {
  const text = cell.trim();
  if (text.length > MAX_LENGTH) return null;
  const match = UNIT.exec(text);
  const unit = match?.[2]?.toUpperCase() ?? null;
  const number = match === null ? text : (match[1] ?? '').trim();
  if (number === '' || number === '-') return { number: null, unit };
  const plain = plainNumber(number);
  return plain === null ? null : { number: plain, unit };
}
