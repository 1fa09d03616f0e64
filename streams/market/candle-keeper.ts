import type { Candle } from '../../db/market/candles.ts';
import type { Payload } from '../core/broker.ts';
import { CandleBuilder } from './candle-builder.ts';
import { type CandleHistory, CandleRollups } from './candle-rollups.ts';

/** One statement's rows. */
const SAVE_BATCH = 2_000;

/** Candles of every interval, from ticks: into the database and the log, without holding up those who add ticks. */
export class CandleKeeper {
  readonly builder = new CandleBuilder();
  readonly #save: (candles: readonly Candle[]) => Promise<void>;
  readonly #rollups: CandleRollups;
  #saving: Promise<void> | null = null;
  #reading: Promise<boolean> | null = null;
  #trouble: string | null = null;
  #readTrouble: string | null = null;

  constructor(save: (candles: readonly Candle[]) => Promise<void>, history: CandleHistory | null) {
    this.#save = save;
    this.#rollups = new CandleRollups(history, this.builder);
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

  /** The current candles are to be published once more. */
  publishAgain(): void {
    this.#rollups.publishAgain();
  }

  /** Stored minutes were loaded again: what was derived from the former ones is read again. */
  reload(symbol: string, from: number, to: number): void {
    this.builder.forget(symbol, from, to);
    this.#rollups.reload(symbol, from, to);
  }

  /**
   * Saves, and then reads what longer candles have to go on from: so what is read holds what is no longer kept here.
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

  async #saveAll(): Promise<void> {
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
