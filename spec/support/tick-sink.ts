import type { TickSink } from '../../streams/market/market-feed.ts';
import type { Tick } from '../../streams/market/tick.ts';

/** Collects what a feed delivers, and lets a test wait for it. */
export class CollectingSink {
  readonly ticks: Tick[] = [];
  readonly batches: number[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  readonly sink: TickSink = async (ticks) => {
    this.ticks.push(...ticks);
    this.batches.push(ticks.length);
    for (const { count, resolve } of this.#waiting) if (this.ticks.length >= count) resolve();
  };

  /** Resolves when so many ticks have come in all. */
  async received(count: number): Promise<void> {
    if (this.ticks.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }
}
