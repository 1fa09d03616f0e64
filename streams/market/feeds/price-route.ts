/** Where to get the prices of a symbol from: `exchange` is the name of a listing. */
export interface SymbolSource {
  symbol: string;
  exchange: string;
  sourceSymbol: string;
}

/** Intermediate currencies, in order of preference. */
const BETWEEN = ['USDT', 'KRW', 'USD', 'USDC', 'BTC', 'EUR'];

/** Knows whether an exchange has a symbol. */
export interface Listing {
  /** The exchange's, or that of the feed which reads it. */
  readonly name: string;
  lists(symbol: string): boolean;
}

/**
 * The symbols that lead from an asset to a currency: direct, inverse, or through one currency in between. The
 * first exchange with a direct symbol wins; two exchanges may each provide half of the route.
 * @param renamed the current name of a symbol at exchanges
 * @returns an empty list if no exchange has a route
 */
export function symbolsTo(
  asset: string,
  currency: string,
  listings: readonly Listing[],
  renamed: ReadonlyMap<string, string>,
): SymbolSource[] {
  if (asset === currency) return [];
  const straight = listed(asset, currency, listings, renamed);
  if (straight !== null) return [straight];
  for (const between of BETWEEN) {
    if (between === asset || between === currency) continue;
    const first = listed(asset, between, listings, renamed);
    const second = first === null ? null : listed(between, currency, listings, renamed);
    if (first !== null && second !== null) return [first, second];
  }
  return [];
}

function listed(
  base: string,
  quote: string,
  listings: readonly Listing[],
  renamed: ReadonlyMap<string, string>,
): SymbolSource | null {
  for (const listing of listings) {
    for (const symbol of [`${base}/${quote}`, `${quote}/${base}`]) {
      const sourceSymbol = renamed.get(symbol) ?? symbol;
      if (listing.lists(sourceSymbol)) return { symbol, exchange: listing.name, sourceSymbol };
    }
  }
  return null;
}
