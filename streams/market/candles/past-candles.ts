import { CANDLE_INTERVALS } from '../../../lib/candle-interval.ts';
import type { CandleRecord, PackedCandle } from '../../channels/record.ts';

interface PastCandle {
  end: number;
  packed: PackedCandle;
}

/** Candles of one symbol before the current ones, waiting to be published. */
export class PastCandles {
  readonly #symbol: string;
  #waiting: PastCandle[] = [];

  constructor(symbol: string) {
    this.#symbol = symbol;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** @param end of the candle, epoch milliseconds */
  add(end: number, packed: PackedCandle): void {
    this.#waiting.push({ end, packed });
  }

  /** In the order of their ends; a record has at most one candle per interval, the shorter before the longer. */
  takeRecords(): CandleRecord[] {
    const rank = ({ packed: [interval] }: PastCandle): number => CANDLE_INTERVALS.indexOf(interval);
    const records: CandleRecord[] = [];
    let highest = Infinity;
    for (const each of this.#waiting.sort((a, b) => a.end - b.end || rank(a) - rank(b))) {
      if (rank(each) <= highest) records.push({ type: 'candle', symbol: this.#symbol, candles: [] });
      highest = rank(each);
      records.at(-1)?.candles.push(each.packed);
    }
    this.#waiting = [];
    return records;
  }
}
