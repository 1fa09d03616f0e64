import type { Candle } from '../../../db/market/candles.ts';
import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { MARKET_LOG } from '../../channels/logs.ts';
import { type Broker, FencedError } from '../../core/broker.ts';
import type { Leases } from '../../core/lease.ts';
import { CandleKeeper } from '../candles/candle-keeper.ts';
import { CandlePruner } from '../candles/candle-pruner.ts';
import { CandlePublisher } from '../candles/candle-publisher.ts';
import type { CandleHistory } from '../candles/candle-rollups.ts';
import { FeedBoard } from './feed-board.ts';
import { FeedPublisher } from './feed-publisher.ts';
import { FeedRunner, type FeedTerm } from './feed-runner.ts';
import { type GapStore, GapTeller } from './gap-teller.ts';
import type { Market } from '../market.ts';
import { MarketIntake, PUSHED } from './market-intake.ts';
import { PublishTurns } from './publish-turns.ts';
import type { FeedSource, FeedStatus, ShownFeedStatus } from '../market-feed.ts';
import type { Tick } from '../tick.ts';
import { TickRecorder } from './tick-recorder.ts';

const HOUSEKEEPING_MS = 1_000;
const BATCH = 500;

export interface MarketWriterOptions {
  broker: Broker;
  leases: Leases;
  /** Unique for this run of the process: marks its records in the log. */
  node: string;
  /** Started before the writer. */
  market: Market;
  /** In order of preference. None: this node never runs any, and leaves the lease to others. */
  feeds: readonly FeedSource[];
  /** For a replay: its times are earlier than what is known, so it begins with an empty book. */
  startsOver?: boolean;
  /** Candles of the last 24 hours, oldest first: `() => candlesSince(db, now - 24 h, limit)`. */
  recentCandles: () => Promise<readonly Candle[]>;
  /** `upsertCandles(db, candles, 'merge')`, unless another node has written under a later lease of the feed. */
  saveCandles: (candles: readonly Candle[], fence: number) => Promise<void>;
  /** Default: gaps are only kept in memory. */
  gapStore?: GapStore;
  /** What longer candles continue from. Without it, and for a replay, they begin with the first tick. */
  candleHistory?: CandleHistory;
  /** Deletes candles that are too old. Called once an hour by the node that runs the feed. */
  pruneCandles?: (fence: number) => Promise<unknown>;
  clock: Clock;
  random: Random;
  log: Logger;
}

/**
 * Brings ticks into the market log.
 *
 * **Who writes.** The feeds run on one node of a fleet, the holder of the lease `feed`, and publishes with its fence.
 * The same node publishes and saves the candles; a final candle is published once, but may be published again where
 * another node takes over. A pushed tick is published by the node that received it, without a fence: the log orders the
 * batches, and every writer follows the log, so each knows the ticks of all. Two nodes that push the same symbol within
 * one round trip may each overlook the other's tick in the 24-hour figures that they send; the next tick of that symbol
 * corrects them.
 *
 * **Late ticks** (older than the newest of their symbol) leave price and time of the ticker as they are, and change its
 * 24-hour figures at once.
 *
 * **Outages.** Ticks of the feed wait while the broker is unavailable; what had arrived before is not sent again. A push
 * fails at once instead, and the client may repeat it. Candles wait in memory while the database is unavailable.
 */
export class MarketWriter {
  readonly #options: MarketWriterOptions;
  /** What arrives by requests instead of from a feed. */
  readonly intake: MarketIntake;
  readonly #candles: CandleKeeper;
  readonly #recorder: TickRecorder;
  readonly #turns: PublishTurns;
  readonly #feed: FeedRunner;
  readonly #board: FeedBoard;
  readonly #taken: Map<string, number>;
  readonly #warnings: RepeatedLog;
  readonly #feedPublisher: FeedPublisher;
  readonly #candlePublisher: CandlePublisher;
  readonly #pruner: CandlePruner;
  readonly #gaps: GapTeller;
  #isClosed = false;
  /** The fleet is being told about the state of the feeds. */
  #isTelling = false;
  /** Of the last term of the feed. */
  #fence = 0;
  #stopFollowing: (() => void) | null = null;
  #stopTimer: (() => void) | null = null;

  constructor(options: MarketWriterOptions) {
    const { broker, market, node, clock, random, log } = options;
    this.#options = options;
    this.#warnings = new RepeatedLog(options.log, options.clock);
    const history = options.startsOver === true ? null : (options.candleHistory ?? null);
    const save = (list: readonly Candle[]): Promise<void> => options.saveCandles(list, this.#fence);
    const candles = new CandleKeeper(save, history, market.gaps);
    this.#candles = candles;
    this.#recorder = new TickRecorder({
      node,
      market,
      candles,
      minutes: history === null ? null : (ranges) => history.minutes(ranges),
      clock,
    });
    this.#turns = new PublishTurns(clock);
    const { own } = this.#recorder;
    this.#feedPublisher = new FeedPublisher({ broker, market, own, clock, random, log });
    this.#candlePublisher = new CandlePublisher({ broker, candles, clock });
    this.intake = new MarketIntake({
      broker,
      market,
      recorder: this.#recorder,
      turns: this.#turns,
      clock,
      isAvailable: () => this.#feedPublisher.trouble === null,
      onPushed: (ticks) => this.#count(PUSHED, ticks),
    });
    this.#gaps = new GapTeller({
      store: options.gapStore ?? null,
      candles,
      // Also at the end of a term: what a feed reports when it is closed can still be announced.
      publish: (gap, term) =>
        this.#turns
          .take(() => this.#feedPublisher.publish(this.#recorder.recordGap(gap), term))
          .catch((error: unknown) => this.#fail(error)),
      clock,
      log,
    });
    this.#pruner = new CandlePruner({ prune: options.pruneCandles, clock, log });
    this.#taken = new Map([...options.feeds.map(({ name }) => name), PUSHED].map((name) => [name, 0]));
    const read = (source: FeedSource): FeedStatus => this.#told(source);
    this.#board = new FeedBoard({ sources: options.feeds, read, market, clock, log });
    this.#feed = new FeedRunner({
      ...options,
      begin: (term) => this.#begin(term),
      take: (ticks, source, term) => this.#take(ticks, source, term),
      missed: (gap, source, term) => this.#gaps.missed(gap, source, term),
      doubts: (source, term) => this.#gaps.doubts(source, term),
      changed: () => this.#look(),
      finish: (term) => this.#finish(term),
    });
  }

  async start(): Promise<void> {
    const { clock, market, log, recentCandles } = this.#options;
    try {
      this.#recorder.seed(await recentCandles());
    } catch (error) {
      log.warn(
        { err: error },
        'the candles of the last 24 hours cannot be read: statistics start from nothing',
      );
    }
    this.#recorder.adoptMarket();
    const stops = [
      market.onTick((record) => this.#recorder.follow(record)),
      market.onGap((record) => this.#recorder.followGap(record)),
      // The log's state may be lost, and only this node knows that of candles and feeds.
      market.onReset(() => {
        this.#candles.publishAgain();
        this.#board.tellAgain();
      }),
    ];
    this.#stopFollowing = () => stops.forEach((stop) => stop());
    this.#stopTimer = clock.every(HOUSEKEEPING_MS, () => this.#keepHouse());
    this.#feed.start();
  }

  /** The newest minutes of a symbol as this node knows them, oldest first: the database may lag behind. */
  newestMinutes(symbol: string): Candle[] {
    return this.#candles.builder.minutesOf(symbol);
  }

  /** Whether a candle that ends then is final. */
  isOver(symbol: string, end: number): boolean {
    return this.#candles.builder.isOver(symbol, end, this.#options.clock.now());
  }

  /** The end of the newest minute that is final. */
  lastOver(symbol: string): number {
    return this.#candles.builder.lastOver(symbol, this.#options.clock.now());
  }

  /** The feeds of this node, in the order of the configuration. */
  statuses(): ShownFeedStatus[] {
    return this.#board.look();
  }

  /** Whether this node runs its feeds now. */
  get runsFeeds(): boolean {
    return this.#feed.term !== null;
  }

  /** By feed, how many ticks this process took from it, including pushed ones. */
  get ticks(): ReadonlyMap<string, number> {
    return this.#taken;
  }

  /** How many gaps of a feed this process has announced. */
  gaps(feed: string): number {
    return this.#gaps.count(feed);
  }

  /** How often a feed was live again after it had failed. */
  reconnects(feed: string): number {
    return this.#board.reconnects(feed);
  }

  /** What a feed reports about itself, and what prevents its ticks from reaching the log. */
  #told(source: FeedSource): FeedStatus {
    const { state, detail, closed = [], aheadMs = 0 } = this.#feed.status(source);
    const publishing = this.#feedPublisher.trouble;
    const troubles = [publishing, this.#feed.trouble, this.#recorder.trouble, this.#candles.trouble, detail];
    return {
      feed: source.name,
      state: publishing !== null && state === 'running' ? 'retrying' : state,
      detail: troubles.filter((text) => text !== null).join('; ') || null,
      lastTickAt: null,
      ticks: this.#taken.get(source.name) ?? 0,
      closed,
      aheadMs,
    };
  }

  /** Ends the feed, saves pending candles, and releases the lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.intake.close();
    this.#stopTimer?.();
    await this.#feed.close();
    await this.#turns.idle();
    await this.#candles.idle();
    await this.#pruner.idle();
    this.#stopFollowing?.();
  }

  #begin({ fence }: FeedTerm): void {
    if (this.#options.startsOver === true) this.#recorder.book.clear();
    this.#fence = fence;
    this.#gaps.begin();
    this.#board.takeOver();
    this.#candlePublisher.takeOver();
  }

  /** The sink of a feed. Rejects only if this node no longer runs it. */
  async #take(ticks: readonly Tick[], { name }: FeedSource, term: FeedTerm): Promise<void> {
    const valid = this.#recorder.valid(ticks);
    for (let start = 0; start < valid.length; start += BATCH) {
      const batch = valid.slice(start, start + BATCH);
      await this.#turns
        .take(async () => {
          term.signal.throwIfAborted();
          await this.#feedPublisher.publish(this.#recorder.record(batch, name), term);
        })
        .catch((error: unknown) => this.#fail(error));
      this.#count(name, batch.length);
    }
  }

  #count(feed: string, ticks: number): void {
    this.#taken.set(feed, (this.#taken.get(feed) ?? 0) + ticks);
    this.#board.arrived(feed);
  }

  /** Tells the fleet about the state of the feeds, and about prices that are no longer current, or are again. */
  async #publishHealth(term: FeedTerm): Promise<void> {
    term.signal.throwIfAborted();
    const { broker } = this.#options;
    const news = this.#board.news();
    if (news.length > 0) {
      await broker.publish(MARKET_LOG, news, { fence: term.fence });
      this.#board.told(news);
    }
    const statuses = [...this.#board.statuses()];
    for (let start = 0; start < statuses.length; start += BATCH) {
      const batch = this.#recorder.recordStatuses(new Map(statuses.slice(start, start + BATCH)));
      await this.#feedPublisher.publish(batch, term);
    }
  }

  /** The candles of all ticks so far, unless the database does not take them. Never rejects. */
  async save(): Promise<void> {
    // A save under way may have begun before the last ticks.
    await this.#candles.save();
    await this.#candles.save();
  }

  async #finish(term: FeedTerm): Promise<void> {
    await this.save();
    await this.#gaps.save(term);
    await this.#gaps.save(term);
    await this.#turns.take(() => this.#candlePublisher.publish(term.fence));
  }

  /** While the node shuts down, the end of its feed is not news. */
  #look(): void {
    if (this.#isClosed) return;
    this.#board.look();
    const { term } = this.#feed;
    if (term !== null) this.#tellHealth(term);
  }

  #tellHealth(term: FeedTerm): void {
    // During an outage of the broker nobody could be told.
    if (this.#feedPublisher.trouble !== null || this.#isTelling) return;
    this.#isTelling = true;
    this.#turns
      .take(() => this.#publishHealth(term))
      .catch((error: unknown) => this.#fail(error))
      .catch((error: unknown) => {
        if (!term.signal.aborted)
          this.#warnings.warn(
            { err: error },
            'the state of the feeds cannot be told, trying again',
            causeOf(error),
          );
      })
      .finally(() => (this.#isTelling = false));
  }

  #keepHouse(): void {
    const { clock } = this.#options;
    this.#look();
    const { term } = this.#feed;
    void this.#recorder.refill().then((symbols) => this.#publishTickers(symbols));
    if (term === null) {
      this.#candles.builder.standBy(clock.now());
      return;
    }
    this.#pruner.pruneIfDue(term.fence);
    void this.#gaps.save(term);
    this.#publishCandles(term);
    void this.#candles.read(clock.now()).then((isNews) => {
      if (isNews) this.#publishCandles(term);
    });
  }

  /** The figures of these symbols have changed, though no tick has come. */
  #publishTickers(symbols: readonly string[]): void {
    const { term } = this.#feed;
    if (symbols.length === 0 || term === null) return;
    this.#turns
      .take(() => this.#feedPublisher.publish(this.#recorder.recordTickers(symbols), term))
      .catch((error: unknown) => this.#fail(error))
      .catch((error: unknown) =>
        this.#warnings.warn({ err: error }, 'the figures of loaded candles are not told', causeOf(error)),
      );
  }

  #publishCandles(term: FeedTerm): void {
    // During an outage candles only change further; they are published once it is over.
    if (this.#feedPublisher.trouble !== null || this.#feed.term !== term) return;
    this.#turns
      .take(() => this.#candlePublisher.publish(term.fence))
      .catch((error: unknown) => this.#fail(error))
      .catch((error: unknown) =>
        this.#warnings.warn({ err: error }, 'candles cannot be published, trying again', causeOf(error)),
      );
  }

  /** A writer that is fenced off learns earlier than from its lease that another node has taken over. */
  #fail(error: unknown): never {
    if (error instanceof FencedError) this.#feed.endTerm();
    throw error;
  }
}
