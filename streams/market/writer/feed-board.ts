import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import { encodeRecord } from '../../channels/record-codec.ts';
import type { PriceStatus } from '../../../lib/schemas/ticker-schema.ts';
import type { FeedRecord } from '../../channels/record.ts';
import type { Payload } from '../../core/broker.ts';
import { FeedHealth } from './feed-health.ts';
import type { Market } from '../market.ts';
import type { FeedSource, FeedStatus, ShownFeedStatus } from '../market-feed.ts';

export interface FeedBoardOptions {
  sources: readonly FeedSource[];
  /** What a feed of this node says of itself. */
  read: (source: FeedSource) => FeedStatus;
  market: Market;
  clock: Clock;
  log: Logger;
}

/** The health of this node's feeds, and what the fleet has yet to be told of it. */
export class FeedBoard {
  readonly #options: FeedBoardOptions;
  readonly #healths: ReadonlyMap<string, FeedHealth>;
  /** By feed, the text of the record that the log took last. */
  readonly #told = new Map<string, string>();

  constructor(options: FeedBoardOptions) {
    this.#options = options;
    const { sources, read, clock, log } = options;
    this.#healths = new Map(
      sources.map((source) => {
        const { name, expectsTicks } = source;
        return [name, new FeedHealth({ read: () => read(source), expectsTicks, clock, log })];
      }),
    );
  }

  /** This node begins to run the feeds: it goes on from what the log says, and says itself how they are. */
  takeOver(): void {
    const { market } = this.#options;
    for (const [name, health] of this.#healths) {
      const silentSince = market.feeds.get(name)?.silentSince ?? null;
      health.inherit({ silentSince, lastTickAt: market.feeds.lastTickAt(name) });
    }
    this.tellAgain();
  }

  /** The log may have lost what it was told. */
  tellAgain(): void {
    this.#told.clear();
  }

  arrived(name: string): void {
    this.#healths.get(name)?.arrived();
  }

  /** How often a feed was live again after it had failed. */
  reconnects(name: string): number {
    return this.#healths.get(name)?.reconnects ?? 0;
  }

  /** In the order of the configuration. */
  look(): ShownFeedStatus[] {
    return [...this.#healths.values()].map((health) => health.look());
  }

  /** What the log has yet to take; `told` it when it has. */
  news(): Payload[] {
    const { sources, market } = this.#options;
    const records = this.look().map((status, index): FeedRecord => {
      const { name = status.feed, exchange = null, symbols = [] } = sources[index] ?? {};
      const { state, since, detail, lastTickAt, silentSince } = status;
      const own = { feed: name, exchange, symbols: [...symbols], state, since };
      return { type: 'feed', ...own, detail, lastTickAt, silentSince };
    });
    for (const known of market.feeds.all()) {
      if (!this.#healths.has(known.feed)) records.push({ ...known, retired: true });
    }
    return records.flatMap((record) => {
      const isKnown = this.#told.get(record.feed) === essence(record);
      return isKnown ? [] : [{ key: `feed:${record.feed}`, data: encodeRecord(record) }];
    });
  }

  told(payloads: readonly Payload[]): void {
    for (const { data } of payloads) {
      const record = JSON.parse(data) as FeedRecord;
      this.#told.set(record.feed, essence(record));
    }
  }

  /** What is to be said of each price, as far as that is something else than is known. */
  statuses(): Map<string, PriceStatus> {
    const { market } = this.#options;
    const shown = this.look();
    const silent = new Set(shown.filter(({ silentSince }) => silentSince !== null).map(({ feed }) => feed));
    const closed = new Set(shown.flatMap((status) => status.closed ?? []));
    const changed = new Map<string, PriceStatus>();
    for (const { symbol, feed, status } of market.tickers()) {
      let now: PriceStatus = 'live';
      if (closed.has(symbol)) now = 'closed';
      else if (feed === null || silent.has(feed) || market.isOverdue(symbol)) now = 'stale';
      if (now !== status) changed.set(symbol, now);
    }
    return changed;
  }
}

/** What makes a record news: not each tick. */
function essence(record: FeedRecord): string {
  return JSON.stringify({ ...record, lastTickAt: null });
}
