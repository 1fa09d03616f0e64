import { encodeRecord } from '../../channels/record-codec.ts';
import type { Candle } from '../../../db/market/candles.ts';
import type { CandleWindow } from '../../../db/market/candle-folds.ts';
import type { PackedCandle } from '../../channels/record.ts';
import type { Payload } from '../../core/broker.ts';
import type { CandleChange } from './candle-builder.ts';
import { candleEnd } from './candle-bounds.ts';
import type { GapBook } from '../gap-book.ts';
import { CandleRollup } from './candle-rollup.ts';

/** Where a node that starts to make longer candles reads their past. */
export interface CandleHistory {
  /** `foldCandles` */
  fold: (windows: readonly CandleWindow[]) => Promise<(Candle | null)[]>;
  /** `minuteCandles` */
  minutes: (ranges: readonly CandleWindow[]) => Promise<Candle[]>;
}

/** What is known of the minutes that longer candles are made of. */
export interface KnownMinutes {
  isOver(symbol: string, end: number, now: number): boolean;
  /** False while a slow database lacks minutes that are no longer kept here: reading now would lose them. */
  isSaved(symbol: string, before: number): boolean;
}

/** How many symbols are read at a time. */
const READ_BATCH = 200;
/** How often a symbol may be read again because of ticks that are too late for the minutes that are kept. */
const READ_AGAIN_MS = 60_000;

interface Entry {
  rollup: CandleRollup;
  /** The earliest time to read it again. */
  readFrom: number;
}

/** The longer candles of every symbol, on the node that publishes them. Bounded by the symbols of the builder. */
export class CandleRollups {
  readonly #history: CandleHistory | null;
  readonly #entries = new Map<string, Entry>();
  readonly #minutes: KnownMinutes;
  readonly #gaps: GapBook;

  /** @param history `null`: longer candles begin with the first tick */
  constructor(history: CandleHistory | null, minutes: KnownMinutes, gaps: GapBook) {
    this.#history = history;
    this.#minutes = minutes;
    this.#gaps = gaps;
  }

  clear(): void {
    this.#entries.clear();
  }

  publishAgain(): void {
    for (const { rollup } of this.#entries.values()) rollup.publishAgain();
  }

  /** Publish the current candles of one symbol once more. */
  publishSymbolAgain(symbol: string): void {
    this.#entries.get(symbol)?.rollup.publishAgain();
  }

  reload(symbol: string, from: number, to: number): void {
    const entry = this.#entries.get(symbol);
    if (entry === undefined || this.#history === null) return;
    entry.rollup.reload(from, to);
    entry.readFrom = 0;
  }

  /** Takes in the minutes that have changed. @returns all that is to be published, in order */
  payloads(changes: readonly CandleChange[], now: number): Payload[] {
    const changed = groupBySymbol(changes, ({ candle }) => candle.symbol);
    for (const symbol of changed.keys()) this.#entry(symbol);
    const payloads: Payload[] = [];
    for (const [symbol, { rollup }] of this.#entries) {
      const records = rollup.records(changed.get(symbol) ?? [], (end) =>
        this.#minutes.isOver(symbol, end, now),
      );
      for (const [index, record] of records.entries()) {
        const candles = record.candles.map((packed) => this.#withGaps(symbol, packed));
        const data = encodeRecord({ ...record, candles });
        payloads.push(index === records.length - 1 ? { key: `candle:${symbol}`, data } : { data });
      }
    }
    return payloads;
  }

  #withGaps(symbol: string, packed: PackedCandle): PackedCandle {
    const [interval, time] = packed;
    if (this.#gaps.isWhole(symbol, time, candleEnd(time, interval, 'UTC'))) return packed;
    return packed.with(packed.length - 1, 0) as PackedCandle;
  }

  /** Reads what is missing, of many symbols at once. @returns whether there may be something to publish */
  async read(now: number): Promise<boolean> {
    const history = this.#history;
    if (history === null) return false;
    const wanting = [...this.#entries.values()].filter(
      ({ rollup, readFrom }) =>
        rollup.isStale && now >= readFrom && this.#minutes.isSaved(rollup.symbol, rollup.cut),
    );
    for (let start = 0; start < wanting.length; start += READ_BATCH) {
      await this.#readBatch(wanting.slice(start, start + READ_BATCH), history, now);
    }
    return wanting.length > 0;
  }

  async #readBatch(entries: readonly Entry[], history: CandleHistory, now: number): Promise<void> {
    const readings = entries.map(({ rollup }) => ({ rollup, reading: rollup.read() }));
    try {
      const folded = await history.fold(readings.flatMap(({ reading }) => reading.windows));
      const minutes = await history.minutes(readings.map(({ reading }) => reading.minutes));
      const rows = groupBySymbol(minutes, ({ symbol }) => symbol);
      let at = 0;
      for (const { rollup, reading } of readings) {
        const own = folded.slice(at, (at += reading.windows.length));
        rollup.settle(reading, own, rows.get(rollup.symbol) ?? [], (end) =>
          this.#minutes.isOver(rollup.symbol, end, now),
        );
      }
      for (const entry of entries) entry.readFrom = now + READ_AGAIN_MS;
    } catch (error) {
      for (const { rollup } of readings) rollup.abandon();
      throw error;
    }
  }

  #entry(symbol: string): void {
    if (this.#entries.has(symbol)) return;
    this.#entries.set(symbol, { rollup: new CandleRollup(symbol, this.#history === null), readFrom: 0 });
  }
}

function groupBySymbol<T>(items: readonly T[], symbolOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(symbolOf(item));
    if (group) group.push(item);
    else groups.set(symbolOf(item), [item]);
  }
  return groups;
}
