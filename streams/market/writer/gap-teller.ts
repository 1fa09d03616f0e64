import type { Gap, GapChanges } from '../../../db/market/gaps.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { CandleKeeper } from '../candles/candle-keeper.ts';
import type { FeedTerm } from './feed-runner.ts';
import { type Doubt, GapKeeper } from './gap-keeper.ts';
import type { FeedDoubts, FeedGap, FeedSource } from '../market-feed.ts';

/** Where gaps are stored. Both functions refuse if another node has written under a later lease of the feed. */
export interface GapStore {
  /** `saveGaps(db, changes, fence)` */
  save: (changes: GapChanges, fence: number) => Promise<void>;
  /** `endDoubts(db, fence)` */
  endDoubts: (fence: number) => Promise<readonly Gap[]>;
}

export interface GapTellerOptions {
  /** `null`: gaps are only kept in memory. */
  store: GapStore | null;
  candles: CandleKeeper;
  /** Publishes a gap. */
  publish: (gap: Gap, term: FeedTerm) => Promise<void>;
  clock: Clock;
  log: Logger;
}

/** Announces and stores which trades the feeds of this node have missed, and which they may have missed. */
export class GapTeller {
  readonly #options: GapTellerOptions;
  readonly #keeper: GapKeeper;
  /** By feed, the number of gaps that this process has announced. */
  readonly #counts = new Map<string, number>();
  /** Doubts that end as soon as the database has the trades that were missing. */
  #over: Doubt[] = [];
  #settling: Promise<void> | null = null;
  /** The doubts of earlier terms have yet to be announced as gaps. */
  #hasLegacy = false;

  constructor(options: GapTellerOptions) {
    const { store, clock, log } = options;
    this.#options = options;
    this.#keeper = new GapKeeper({ save: store?.save ?? (() => Promise.resolve()), clock, log });
  }

  /** How many gaps of a feed this process has announced. */
  count(feed: string): number {
    return this.#counts.get(feed) ?? 0;
  }

  begin(): void {
    this.#keeper.forgetDoubts();
    this.#over = [];
    this.#hasLegacy = this.#options.store !== null;
  }

  missed({ symbol, from, to }: FeedGap, { name: feed }: FeedSource, term: FeedTerm): void {
    const gap: Gap = { symbol, from, to: Math.max(to, from + 1), feed };
    this.#keeper.add(gap);
    this.#tell(gap, term);
  }

  /** What a feed is in doubt about. */
  doubts({ name: feed }: FeedSource, term: FeedTerm): FeedDoubts {
    return {
      open: (gap) => this.#keeper.doubt({ ...gap, feed }, term),
      settle: (symbol) => {
        const doubt = this.#keeper.doubtOf(feed, symbol);
        if (doubt !== null) this.#over.push(doubt);
      },
    };
  }

  /** Stores what is not stored yet. Never rejects: what failed waits for the next call. */
  save(term: FeedTerm): Promise<void> {
    this.#settling ??= this.#saveAll(term).finally(() => {
      this.#settling = null;
    });
    return this.#settling;
  }

  async #saveAll(term: FeedTerm): Promise<void> {
    await this.#tellLegacy(term);
    const over = this.#over;
    this.#over = [];
    if (over.length > 0) {
      const { candles } = this.#options;
      // A save under way may have begun before the last trades.
      await candles.save();
      await candles.save();
      if (candles.trouble === null) for (const doubt of over) this.#keeper.settle(doubt);
      else this.#over.unshift(...over);
    }
    await this.#keeper.save(term.fence);
  }

  /** The node that ran the feeds before has ended without notice: whatever it had not found by then is missing. */
  async #tellLegacy(term: FeedTerm): Promise<void> {
    const { store, log } = this.#options;
    if (!this.#hasLegacy || store === null) return;
    try {
      const gaps = await store.endDoubts(term.fence);
      this.#hasLegacy = false;
      for (const gap of gaps) this.#tell(gap, term);
    } catch (error) {
      log.debug({ err: error }, 'what earlier feeds have missed cannot be read, trying again');
    }
  }

  #tell(gap: Gap, term: FeedTerm): void {
    const { publish, log } = this.#options;
    const { feed, symbol } = gap;
    this.#counts.set(feed, this.count(feed) + 1);
    const times = { from: new Date(gap.from).toISOString(), to: new Date(gap.to).toISOString() };
    log.warn({ feed, symbol, ...times }, 'trades were missed for good');
    publish(gap, term)
      // It is stored all the same, and known wherever another node starts to run the feed.
      .catch((error: unknown) => log.warn({ err: error, feed, symbol }, 'a gap was not told'));
  }
}
