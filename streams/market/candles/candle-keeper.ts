import type { Candle } from '../../../db/market/candles.ts';
import type { Payload } from '../../core/broker.ts';
import { CandleBuilder } from './candle-builder.ts';
import { type CandleHistory, CandleRollups } from './candle-rollups.ts';
import { GapBook } from '../gap-book.ts';

/** Rows per statement. */
const SAVE_BATCH = 2_000;

/** Makes candles of every interval from ticks, and saves them. Whoever adds ticks never waits for the database. */
export class CandleKeeper {
  readonly builder: CandleBuilder;
  readonly #history: CandleHistory | null;
  readonly #save: (candles: readonly Candle[]) => Promise<void>;
  readonly #rollups: CandleRollups;
  #saving: Promise<void> | null = null;
  #reading: Promise<boolean> | null = null;
  #trouble: string | null = null;
  #readTrouble: string | null = null;

  constructor(
    save: (candles: readonly Candle[]) => Promise<void>,
    history: CandleHistory | null,
    gaps: GapBook = new GapBook(),
  ) {
    this.#save = save;
    this.#history = history;
    this.builder = new CandleBuilder({ hasPast: history !== null });
    this.#rollups = new CandleRollups(history, this.builder, gaps);
  }

  /** Why candles are not being saved or read, for health. */
  get trouble(): string | null {
    return this.#trouble ?? this.#readTrouble;
  }

  /** From now on this node publishes and saves. */
  takeOver(): void {
    this.builder.takeOver();
    this.#rollups.clear();
  }

  /** What is to be published, in order. */
  payloads(now: number): Payload[] {
    return this.#rollups.payloads(this.builder.changes(now), now);
  }

  /** Publish the current candles once more. */
  publishAgain(): void {
    this.#rollups.publishAgain();
  }

  /** Trades of [from, to) are known to be missed, or no longer: the candles concerned are published again. */
  gapChanged(symbol: string, from: number, to: number): void {
    this.builder.publishAgain(symbol, from, to);
    this.#rollups.publishSymbolAgain(symbol);
  }

  /** Stored minutes were loaded again: what was derived from the former ones is read again. */
  reload(symbol: string, from: number, to: number): void {
    this.builder.forget(symbol, from, to);
    this.#rollups.reload(symbol, from, to);
  }

  /**
   * Saves first, then reads what longer candles continue from: what is read has to include minutes that are no longer
   * kept here.
   * Never rejects. @returns whether there may be something new to publish
   */
  read(now: number): Promise<boolean> {
    this.#reading ??= this.#saveAndRead(now).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await this.#reading;
  }

  async #saveAndRead(now: number): Promise<boolean> {
    await this.save();
    if (this.#trouble !== null) return false;
    try {
      const news = await this.#rollups.read(now);
      this.#readTrouble = null;
      return news;
    } catch (error) {
      this.#readTrouble = `candles cannot be read: ${String(error)}`;
      return false;
    }
  }

  /** Saves what is unsaved, one statement after the other. Never rejects: what failed waits for the next call. */
  save(): Promise<void> {
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  /** Adds late ticks of minutes that are no longer kept to what is stored of these minutes. */
  async #complete(): Promise<void> {
    for (;;) {
      const late = this.builder.partial(SAVE_BATCH);
      if (late.length === 0 || this.#history === null) return;
      const ranges = late.map(({ symbol, time }) => ({ symbol, from: time, to: time + 60_000 }));
      const stored = new Map<string, Candle>();
      for (const candle of await this.#history.minutes(ranges))
        stored.set(`${candle.symbol} ${candle.time}`, candle);
      for (const { symbol, time } of late)
        this.builder.complete(symbol, time, stored.get(`${symbol} ${time}`) ?? null);
    }
  }

  async #saveAll(): Promise<void> {
    try {
      await this.#complete();
    } catch (error) {
      this.#trouble = `minutes of late trades cannot be read: ${String(error)}`;
      return;
    }
    for (;;) {
      const candles = this.builder.takeUnsaved(SAVE_BATCH);
      if (candles.length === 0) return;
      try {
        await this.#save(candles);
        this.builder.settle(candles, true);
        this.#trouble = null;
      } catch (error) {
        this.builder.settle(candles, false);
        this.#trouble = `candles cannot be saved (${this.builder.lost} lost): ${String(error)}`;
        return;
      }
      if (candles.length < SAVE_BATCH) return;
    }
  }
}
