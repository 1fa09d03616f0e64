import type { Logger } from '../../../lib/logging/log.ts';
import type { Exchange } from './ccxt-exchange.ts';
import type { SymbolClaims } from './symbol-claims.ts';

/** How many symbols are watched in all: exchanges cap it. */
const MAX_SYMBOLS = 200;

export interface WatchedSymbolsOptions {
  /** The feed's name. */
  feed: string;
  /** ccxt's name of the exchange. */
  id: string;
  /** Those that the feed is configured for. */
  symbols: readonly string[];
  /** Further pairs whose rate is needed: `USD/KRW` values dollars in won. Default: none. */
  needed?: (() => Promise<readonly string[]>) | undefined;
  /** Which of these another feed brings. */
  claims?: SymbolClaims | undefined;
  log: Logger;
}

/** The symbols that a feed watches: those of its configuration, and those that are needed and that it may claim. */
export class WatchedSymbols {
  readonly #options: WatchedSymbolsOptions;
  /** Watched because they are needed. */
  readonly #added: string[] = [];
  /** Not listed by the exchange. */
  #unlisted: readonly string[] = [];
  /** Halted or delisted by the exchange, and not traded since. */
  readonly #closed = new Set<string>();

  constructor(options: WatchedSymbolsOptions) {
    this.#options = options;
  }

  /** Those that the exchange lists. */
  get listed(): string[] {
    return this.#all.filter((symbol) => !this.#unlisted.includes(symbol));
  }

  get unlisted(): readonly string[] {
    return this.#unlisted;
  }

  get closed(): string[] {
    return [...this.#closed];
  }

  /** What the exchange says of one symbol. */
  mark(symbol: string, isClosed: boolean): void {
    if (isClosed) this.#closed.add(symbol);
    else this.#closed.delete(symbol);
  }

  /** Takes in the exchange's list of markets. @throws if it lists none of the symbols */
  update({ markets }: Exchange): void {
    const { feed, id, claims, log } = this.#options;
    const symbols = this.#all;
    claims?.lists(feed, Object.keys(markets ?? {}));
    const unlisted = symbols.filter((symbol) => markets?.[symbol] === undefined);
    const before = this.#unlisted;
    this.#unlisted = unlisted;
    // Some exchanges do not say whether a market is active.
    const closed = symbols.filter((symbol) => markets?.[symbol]?.active === false);
    this.#closed.clear();
    for (const symbol of [...unlisted, ...closed]) this.#closed.add(symbol);
    if (unlisted.length > 0 && unlisted.join() !== before.join())
      log.error({ feed, symbols: unlisted }, `${id} does not list ${unlisted.join(', ')}`);
    if (unlisted.length === symbols.length) throw new Error(`${id} lists none of the symbols`);
  }

  /** Adds symbols that are needed and that this feed is to bring. Never rejects. @returns the new ones */
  async addNeeded({ markets }: Exchange, signal: AbortSignal): Promise<string[]> {
    const { feed, needed, claims, log } = this.#options;
    if (needed === undefined || claims === undefined) return [];
    try {
      const wanted = await needed();
      if (signal.aborted) return [];
      const known = this.#all;
      const ways = new Set(wanted.flatMap((pair) => claims.wayOf(feed, pair)));
      const added: string[] = [];
      for (const symbol of ways) {
        if (known.length + added.length >= MAX_SYMBOLS) break;
        if (known.includes(symbol) || markets?.[symbol] === undefined) continue;
        if (claims.claim(feed, symbol)) added.push(symbol);
      }
      this.#added.push(...added);
      if (added.length > 0) log.info({ feed, symbols: added }, 'symbols that are needed are watched');
      return added;
    } catch (error) {
      log.debug({ err: error, feed }, 'it is not known which symbols are needed');
      return [];
    }
  }

  get #all(): string[] {
    return [...this.#options.symbols, ...this.#added];
  }
}
