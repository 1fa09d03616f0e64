/** A traded pair as ccxt unifies it: `BTC/KRW` is base/quote. Exchange spellings stay in the feed adapters. */
export interface SymbolParts {
  base: string;
  quote: string;
}

export const ASSET_PATTERN = /^[A-Z0-9]{1,20}$/;
export const SYMBOL_PATTERN = /^[A-Z0-9]{1,20}\/[A-Z0-9]{1,20}$/;

/** `BTC/KRW` → `{base: 'BTC', quote: 'KRW'}`. @throws RangeError for anything that is not base/quote */
export function splitSymbol(symbol: string): SymbolParts {
  const [base, quote] = symbol.split('/');
  if (!SYMBOL_PATTERN.test(symbol) || base === undefined || quote === undefined) {
    throw new RangeError(`not a symbol: ${JSON.stringify(symbol.slice(0, 50))}`);
  }
  return { base, quote };
}
