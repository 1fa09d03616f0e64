interface Push {
  symbol: string;
  price: string;
  quantity: string;
}

/** Trades to push: of every symbol at first, then of every other one. Prices rise with every round. */
export class PushedTrades {
  /** Prices that were taken for certain, by symbol, in order. */
  readonly taken = new Map<string, number[]>();
  readonly #refused = new Set<number>();
  #price = 0;

  constructor(symbols: readonly string[]) {
    for (const symbol of symbols) this.taken.set(symbol, []);
  }

  next(): Push[] {
    this.#price += 1;
    // A symbol that stays quiet is missing for good where the state lacks it.
    const symbols = [...this.taken.keys()].filter((_, index) => this.#price === 1 || index % 2 === 0);
    return symbols.map((symbol) => ({ symbol, price: String(this.#price), quantity: '1' }));
  }

  /** @param isTaken `false`: they may be in the log or not, as the answer may be all that was lost */
  answered(items: readonly Push[], isTaken: boolean): void {
    for (const { symbol, price } of items) {
      if (isTaken) this.taken.get(symbol)?.push(Number(price));
      else this.#refused.add(Number(price));
    }
  }

  /** The newest price of a symbol that was taken for certain. */
  newest(symbol: string): number {
    return this.taken.get(symbol)?.at(-1) ?? 0;
  }

  /** The prices of a symbol that a reader must have had between two. */
  between(symbol: string, after: number, before: number): number[] {
    return (this.taken.get(symbol) ?? []).filter((price) => price > after && price < before);
  }

  summary(): string {
    return `${this.#price} rounds of trades, ${this.#refused.size} not acknowledged`;
  }
}
