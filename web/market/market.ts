import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Ticker } from '../api.ts';
import { compare } from '../figures/decimal.ts';
import { Sorting } from '../table/sorting.ts';
import type { Sparks } from './sparks.ts';

const MAX_SYMBOLS = 1_000;

/** A row of the market table. */
export interface Quote {
  symbol: string;
  ticker: Signal<Ticker>;
  /** The class that makes a change flash: two alternate, so that each change restarts the animation. */
  flash: Signal<string>;
}

/** The newest ticker of each symbol, drawn at most once a frame. */
export class Market {
  readonly sorting = new Sorting<'symbol' | 'price' | 'changeRate'>({ key: 'symbol', isDescending: false });
  readonly sparks: Sparks;
  readonly #quotes = new Map<string, Quote>();
  readonly #rows = signal<readonly Quote[]>([]);
  readonly #isFull = signal(false);
  readonly #isSimulated = signal(false);
  readonly #waiting = new Map<string, Ticker>();
  #isDrawing = false;

  constructor(sparks: Sparks) {
    this.sparks = sparks;
    this.sorting.order.subscribe(() => this.#arrange());
  }

  /** In the order chosen by the reader. */
  get rows(): ReadonlySignal<readonly Quote[]> {
    return this.#rows;
  }

  /** Whether there are more symbols than are shown. */
  get isFull(): ReadonlySignal<boolean> {
    return this.#isFull;
  }

  /** Whether all prices are simulated. */
  get isSimulated(): ReadonlySignal<boolean> {
    return this.#isSimulated;
  }

  clear(): void {
    this.keep([]);
  }

  /** Removes all other symbols, which have vanished from the market. */
  keep(symbols: readonly string[]): void {
    const kept = new Set(symbols);
    for (const symbol of [...this.#quotes.keys(), ...this.#waiting.keys()]) {
      if (kept.has(symbol)) continue;
      this.#quotes.delete(symbol);
      this.#waiting.delete(symbol);
    }
    this.#isFull.value = false;
    this.#arrange();
  }

  show(ticker: Ticker): void {
    const { symbol } = ticker;
    const isKnown = this.#quotes.has(symbol) || this.#waiting.has(symbol);
    if (!isKnown && this.#quotes.size + this.#waiting.size >= MAX_SYMBOLS) {
      this.#isFull.value = true;
      return;
    }
    this.#waiting.set(symbol, ticker);
    if (!this.#isDrawing) requestAnimationFrame(() => this.#draw());
    this.#isDrawing = true;
  }

  #draw(): void {
    this.#isDrawing = false;
    batch(() => {
      for (const ticker of this.#waiting.values()) this.#put(ticker);
      this.#waiting.clear();
      this.#arrange();
      this.#isSimulated.value =
        this.#quotes.size > 0 && [...this.#quotes.values()].every(({ ticker }) => ticker.peek().simulated);
    });
  }

  #put(ticker: Ticker): void {
    const { symbol, price, time } = ticker;
    const quote = this.#quotes.get(symbol);
    if (quote === undefined) {
      this.#quotes.set(symbol, { symbol, ticker: signal(ticker), flash: signal('') });
    } else {
      const direction = compare(price, quote.ticker.peek().price);
      const turn = quote.flash.peek().startsWith('flash-a') ? 'flash-b' : 'flash-a';
      if (direction !== 0) quote.flash.value = `${turn} ${direction > 0 ? 'rise' : 'fall'}`;
      quote.ticker.value = ticker;
    }
    this.sparks.tick(symbol, price, time);
  }

  #arrange(): void {
    const rows = this.sorting.sort([...this.#quotes.values()], ({ ticker }, key) => ticker.peek()[key]);
    const shown = this.#rows.peek();
    if (rows.length === shown.length && rows.every((row, index) => row === shown[index])) return;
    this.#rows.value = rows;
  }
}
