import type { Candle } from '../db/candles.ts';
import { decimal } from '../lib/money.ts';
import type { Payload } from './broker.ts';
import { CandleBuilder, type CandleChange } from './candle-builder.ts';
import type { CandleRecord } from './record.ts';

/** One statement's rows. */
const SAVE_BATCH = 2_000;

/** Brings the candles that a builder makes into the database, behind the back of whoever adds ticks. */
export class CandleKeeper {
  readonly builder = new CandleBuilder();
  readonly #save: (candles: readonly Candle[]) => Promise<void>;
  #saving: Promise<void> | null = null;
  #trouble: string | null = null;

  constructor(save: (candles: readonly Candle[]) => Promise<void>) {
    this.#save = save;
  }

  /** Why candles are not being saved, for health. */
  get trouble(): string | null {
    return this.#trouble;
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

export function candlePayload({ candle, closed }: CandleChange): Payload {
  const record: CandleRecord = {
    type: 'candle',
    candle: {
      symbol: candle.symbol,
      interval: '1m',
      time: new Date(candle.time).toISOString(),
      open: decimal(candle.open),
      high: decimal(candle.high),
      low: decimal(candle.low),
      close: decimal(candle.close),
      volume: decimal(candle.volume),
      quoteVolume: decimal(candle.quoteVolume),
      trades: candle.trades,
      closed,
    },
  };
  return { key: `candle:${candle.symbol}:1m`, data: JSON.stringify(record) };
}
