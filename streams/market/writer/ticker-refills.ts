import type { CandleHistory } from '../candles/candle-rollups.ts';
import type { CandleWindow } from '../../../db/market/candle-folds.ts';
import type { TickerBook } from './ticker-book.ts';

const MINUTE = 60_000;
/** Ranges that wait at most: beyond that the 24-hour figures stay as they are until the window has passed. */
const MAX_WAITING = 10_000;

/** Reads minutes that were loaded where trades had been missed, for the 24-hour figures. */
export class TickerRefills {
  readonly #book: TickerBook;
  readonly #minutes: CandleHistory['minutes'] | null;
  #waiting: CandleWindow[] = [];
  #running: Promise<string[]> | null = null;

  constructor(book: TickerBook, minutes: CandleHistory['minutes'] | null) {
    this.#book = book;
    this.#minutes = minutes;
  }

  add({ symbol, from, to }: CandleWindow): void {
    if (this.#minutes === null || this.#waiting.length >= MAX_WAITING) return;
    const end = Math.ceil(to / MINUTE) * MINUTE;
    this.#waiting.push({ symbol, from: Math.floor(from / MINUTE) * MINUTE, to: end });
  }

  /** Never rejects: what cannot be read waits for the next call. @returns the symbols that were refilled */
  run(): Promise<string[]> {
    this.#running ??= this.#refill().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #refill(): Promise<string[]> {
    const ranges = this.#waiting;
    if (ranges.length === 0 || this.#minutes === null) return [];
    this.#waiting = [];
    try {
      const minutes = await this.#minutes(ranges);
      const symbols = [...new Set(ranges.map(({ symbol }) => symbol))];
      for (const symbol of symbols)
        this.#book.refill(
          symbol,
          minutes.filter((candle) => candle.symbol === symbol),
        );
      return symbols;
    } catch {
      this.#waiting = [...ranges, ...this.#waiting];
      return [];
    }
  }
}
