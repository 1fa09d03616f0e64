import { splitSymbol } from '../../../lib/symbol.ts';
import { type Listing, symbolsTo } from './price-route.ts';

const NONE_RENAMED: ReadonlyMap<string, string> = new Map();

/**
 * Decides which feed provides the prices of a symbol that none was configured for: the first, in order of preference,
 * whose exchange lists it. While an earlier one's list is unknown, later ones wait.
 */
export class SymbolClaims {
  readonly #names: readonly string[];
  /** The feed that has each symbol. */
  readonly #owners = new Map<string, string>();
  readonly #listed = new Map<string, ReadonlySet<string>>();

  /** @param feeds in order of preference, with the symbols that they are configured for */
  constructor(feeds: readonly { name: string; symbols: readonly string[] }[]) {
    this.#names = feeds.map(({ name }) => name);
    for (const { name, symbols } of feeds) for (const symbol of symbols) this.#owners.set(symbol, name);
  }

  /** The symbols that the exchange of a feed lists. */
  lists(feed: string, symbols: Iterable<string>): void {
    this.#listed.set(feed, new Set(symbols));
  }

  /**
   * The symbols of this feed that are needed to value one asset in another: the pair itself, in either order, or, if no
   * exchange lists that, those that lead there through a currency in between, such as a stablecoin. While an exchange
   * that could have a better one is not known, there are none.
   * @param pair `USD/KRW`: dollars are to be valued in won
   */
  wayOf(feed: string, pair: string): string[] {
    const { base, quote } = splitSymbol(pair);
    const owned = [pair, `${quote}/${base}`].find((symbol) => this.#owners.has(symbol));
    if (owned !== undefined) return this.#owners.get(owned) === feed ? [owned] : [];
    const known: Listing[] = [];
    for (const name of this.#names) {
      const symbols = this.#listed.get(name);
      if (symbols === undefined) break;
      known.push({ name, lists: (symbol) => symbols.has(symbol) });
    }
    const way = symbolsTo(base, quote, known, NONE_RENAMED);
    if (way.length > 1 && known.length < this.#names.length) return [];
    return way.filter(({ exchange }) => exchange === feed).map(({ symbol }) => symbol);
  }

  /**
   * Claims a symbol for a feed.
   * @returns whether the feed has it now
   */
  claim(feed: string, symbol: string): boolean {
    const owner = this.#owners.get(symbol);
    if (owner !== undefined) return owner === feed;
    for (const name of this.#names) {
      const listed = this.#listed.get(name);
      if (name === feed) {
        if (listed?.has(symbol) !== true) return false;
        this.#owners.set(symbol, feed);
        return true;
      }
      if (listed === undefined || listed.has(symbol)) return false;
    }
    return false;
  }
}
