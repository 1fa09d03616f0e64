import type { FeedGap, TickSink } from '../market-feed.ts';
import type { Tick } from '../tick.ts';

/** How many ticks may wait for the sink. Beyond that the oldest are dropped: a live market does not wait. */
export const MAX_QUEUED = 10_000;

export interface TickQueueOptions {
  sink: TickSink;
  /** Called when the sink has taken this many ticks. */
  taken: (count: number) => void;
  /** Called when everything that was added before `settle` has been taken. */
  settled: (symbol: string) => void;
  /** Called for trades that were dropped. */
  missed: (gap: FeedGap) => void;
}

/** The ticks of a live feed on their way to the sink, in order, one batch at a time. */
export class TickQueue {
  readonly #options: TickQueueOptions;
  #waiting: Tick[] = [];
  /** Symbols whose missed trades are among the waiting ticks. */
  #settled: string[] = [];
  #delivering: Promise<void> | null = null;
  #dropped = 0;

  constructor(options: TickQueueOptions) {
    this.#options = options;
  }

  /** How many ticks the sink has not taken: too many waited, or it failed. */
  get dropped(): number {
    return this.#dropped;
  }

  add(ticks: readonly Tick[]): void {
    this.#waiting.push(...ticks);
    const excess = this.#waiting.length - MAX_QUEUED;
    if (excess > 0) this.#drop(this.#waiting.splice(0, excess));
    this.#delivering ??= this.#deliver();
  }

  /** All missed trades of a symbol have been added. */
  settle(symbol: string): void {
    this.#settled.push(symbol);
    this.#delivering ??= this.#deliver();
  }

  /** Resolves when nothing is waiting. */
  async idle(): Promise<void> {
    await this.#delivering;
  }

  async #deliver(): Promise<void> {
    const { sink, taken, settled } = this.#options;
    // `#delivering` must be set before this can end.
    await Promise.resolve();
    while (this.#waiting.length + this.#settled.length > 0) {
      const batch = this.#waiting;
      const symbols = this.#settled;
      this.#waiting = [];
      this.#settled = [];
      try {
        if (batch.length > 0) await sink(batch);
        for (const symbol of symbols) settled(symbol);
        if (batch.length > 0) taken(batch.length);
      } catch {
        // This node no longer runs the feed. The one that does reads these ticks from the exchange's history.
        this.#dropped += batch.length;
      }
    }
    this.#delivering = null;
  }

  /** Dropped trades are missing from the log like any others. */
  #drop(ticks: readonly Tick[]): void {
    this.#dropped += ticks.length;
    const spans = new Map<string, FeedGap>();
    for (const { symbol, time, quantity } of ticks) {
      if (quantity === null) continue;
      const { from, to } = spans.get(symbol) ?? { from: time, to: time + 1 };
      spans.set(symbol, { symbol, from: Math.min(from, time), to: Math.max(to, time + 1) });
    }
    for (const gap of spans.values()) this.#options.missed(gap);
  }
}
