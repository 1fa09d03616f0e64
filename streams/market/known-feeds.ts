import type { FeedRecord } from '../channels/record.ts';

/** The feeds of the fleet, as reported in the market log: the same on every node. */
export class KnownFeeds {
  readonly #byName = new Map<string, FeedRecord>();
  /** When the newest price of each feed arrived, for feeds whose prices came over the log. */
  readonly #lastTicks = new Map<string, number>();

  remember(record: FeedRecord): void {
    if (record.retired === true) this.#byName.delete(record.feed);
    else this.#byName.set(record.feed, record);
  }

  /** A price of a feed has arrived. */
  arrived(feed: string, at: number): void {
    this.#lastTicks.set(feed, Math.max(this.#lastTicks.get(feed) ?? 0, at));
  }

  get(feed: string): FeedRecord | null {
    return this.#byName.get(feed) ?? null;
  }

  all(): FeedRecord[] {
    return [...this.#byName.values()];
  }

  /** When the newest price of a feed arrived, epoch milliseconds; `null` if none is known. */
  lastTickAt(feed: string): number | null {
    return this.#lastTicks.get(feed) ?? this.#byName.get(feed)?.lastTickAt ?? null;
  }
}
