/** A traded pair as ccxt unifies it: `BTC/KRW` is base/quote. Exchange spellings stay in the feed adapters. */
export interface SymbolParts {
  base: string;
  quote: string;
}

/** Characters of an asset code at most. */
const LONGEST = 20;

/**
 * Letters of the basic plane, as ranges that every dialect of regular expressions knows: they are in the API document.
 * `isAsset` is stricter. Beyond that plane SQL and JavaScript would sort codes differently.
 */
const LETTERS = '\\u00AA-\\u02FF\\u0370-\\u1FFF\\u2C00-\\u2DFF\\u3041-\\uD7A3\\uF900-\\uFDFF';
const CODE = `[A-Za-z0-9$${LETTERS}][A-Za-z0-9$._\\-${LETTERS}]{0,${LONGEST - 1}}`;

export const ASSET_PATTERN = new RegExp(`^${CODE}$`);
export const SYMBOL_PATTERN = new RegExp(`^${CODE}\\/${CODE}$`);

/**
 * Codes as exchanges list them: `BTC`, `1INCH`, `stETH`, `USDC.e`, `$AI`, `币安人生`. Their case is part of them.
 * A code begins with a letter or a digit, or with $, so that no spreadsheet takes it for a formula.
 */
const CHARACTERS = /^[\p{L}\p{N}\p{M}$._-]*$/u;

export function isAsset(text: string): boolean {
  return ASSET_PATTERN.test(text) && CHARACTERS.test(text) && text === normalAsset(text);
}

export function isSymbol(text: string): boolean {
  const [base = '', quote = '', ...rest] = text.split('/');
  return rest.length === 0 && isAsset(base) && isAsset(quote);
}

/** One spelling of what looks the same: full-width letters become ordinary ones, an accent is part of its letter. */
export function normalAsset(text: string): string {
  return text.normalize('NFKC');
}

/** What is wrong with a code, as a predicate; `null`: nothing. */
export function assetFault(text: string): string | null {
  const code = normalAsset(text);
  if (isAsset(code)) return null;
  if (code === '') return 'must be an asset code such as BTC, not empty';
  if (code.length > LONGEST) return `must be an asset code of at most ${LONGEST} characters`;
  if (code.includes('/')) return 'must be one asset such as BTC, not a pair';
  if (/\s/.test(code)) return 'must be an asset code such as BTC, without spaces';
  if (/^[._-]/.test(code)) return 'must be an asset code that begins with a letter or a digit';
  const strange = Array.from(code).find((character) => !isAsset(`A${character}`));
  return strange === undefined
    ? 'must be an asset code such as BTC'
    : `must be an asset code such as BTC: ${JSON.stringify(strange)} cannot be part of one`;
}

/** The same of a pair. */
export function symbolFault(text: string): string | null {
  const parts = text.split('/');
  if (parts.length !== 2) return 'must be base/quote such as BTC/KRW';
  const [base, quote] = parts.map(assetFault);
  if (base) return `must be base/quote such as BTC/KRW, and its base ${base}`;
  return quote ? `must be base/quote such as BTC/KRW, and its quote ${quote}` : null;
}

/** `BTC/KRW` → `{base: 'BTC', quote: 'KRW'}`. @throws RangeError for anything that is not base/quote */
export function splitSymbol(symbol: string): SymbolParts {
  const [base, quote] = symbol.split('/');
  if (!isSymbol(symbol) || base === undefined || quote === undefined) {
    throw new RangeError(`not a symbol: ${JSON.stringify(symbol.slice(0, 50))}`);
  }
  return { base, quote };
}
