import { fixed, type Fixed } from '../../lib/money/money.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { indexSymbols, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import type { TickerBody } from '../../lib/schemas/ticker-schema.ts';

/** The last known price of a symbol. */
export interface Mark {
  price: Fixed;
  /** Epoch milliseconds. */
  time: number;
  simulated: boolean;
  /** The price is not current: see `PriceStatus`. */
  isAged: boolean;
}

export interface KnownTicker {
  mark: Mark;
  ticker: TickerBody;
  /** Offset of its event in the log; 0 for a ticker from the database. */
  offset: number;
}

/** The newest ticker of each symbol, up to a maximum number of symbols. */
export class KnownTickers {
  readonly #log: Logger;
  readonly #maxSymbols: number;
  readonly #bySymbol = new Map<string, KnownTicker>();
  #ignored = 0;
  #index: SymbolIndex | null = null;

  constructor(log: Logger, maxSymbols: number) {
    this.#log = log;
    this.#maxSymbols = maxSymbols;
  }

  get(symbol: string): KnownTicker | undefined {
    return this.#bySymbol.get(symbol);
  }

  values(): Iterable<KnownTicker> {
    return this.#bySymbol.values();
  }

  symbols(): string[] {
    return [...this.#bySymbol.keys()].sort();
  }

  /** The symbols by asset: the same object until there is a new symbol. */
  get index(): SymbolIndex {
    this.#index ??= indexSymbols(this.symbols());
    return this.#index;
  }

  /** Keeps a ticker unless a newer one is known, or there are too many symbols. */
  remember(ticker: TickerBody, offset: number): void {
    const { symbol, simulated, status } = ticker;
    const known = this.#bySymbol.get(symbol);
    if (known !== undefined && known.offset > offset) return;
    if (known === undefined) {
      if (this.#bySymbol.size >= this.#maxSymbols) {
        this.#ignored += 1;
        const limit = this.#maxSymbols;
        if (this.#ignored === 1) this.#log.warn({ symbol, limit }, 'too many symbols: new ones are ignored');
        return;
      }
      this.#index = null;
    }
    const isAged = status === 'stale' || status === 'closed';
    const mark = { price: fixed(ticker.price), time: Date.parse(ticker.time), simulated, isAged };
    this.#bySymbol.set(symbol, { ticker, mark: kept(mark, known?.mark), offset });
  }

  /** Adds the 24-hour figures to a price from the database, which lacks them. */
  complete(ticker: TickerBody): void {
    const known = this.#bySymbol.get(ticker.symbol);
    if (known === undefined || known.offset > 0) return;
    if (known.ticker.price === ticker.price && known.ticker.time === ticker.time) known.ticker = ticker;
  }

  clear(): void {
    this.#bySymbol.clear();
    this.#index = null;
  }

  /** The log has started over and holds none of the tickers. */
  forgetOffsets(): void {
    for (const known of this.#bySymbol.values()) known.offset = 0;
  }
}

/** The earlier mark if the new one is equal: the object stays the same until the price moves. */
function kept(mark: Mark, before: Mark | undefined): Mark {
  if (before === undefined) return mark;
  const { price, time, simulated, isAged } = before;
  const isSame = mark.price === price && mark.time === time && mark.simulated === simulated;
  return isSame && mark.isAged === isAged ? before : mark;
}
