import type { Candle } from '../../db/market/candles.ts';
import type { Clock, Random } from '../../lib/clock.ts';
import { DeadlineError } from '../../lib/async/deadline.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { problem } from '../../lib/problem.ts';
import { MARKET_LOG } from '../channels/logs.ts';
import { type Broker, BrokerUnavailableError, FencedError, type Position } from '../core/broker.ts';
import type { Leases } from '../core/lease.ts';
import { CandleKeeper } from './candle-keeper.ts';
import { CandlePruner } from './candle-pruner.ts';
import { CandlePublisher } from './candle-publisher.ts';
import type { CandleHistory } from './candle-rollups.ts';
import { FeedHealth } from './feed-health.ts';
import { FeedPublisher } from './feed-publisher.ts';
import { FeedRunner, type FeedTerm } from './feed-runner.ts';
import { objection } from './market-tick.ts';
import type { Market } from './market.ts';
import { PublishTurns } from './publish-turns.ts';
import type { Feed, FeedStatus, ShownFeedStatus, Tick } from './tick.ts';
import { type LoadedCandles, TickRecorder } from './tick-recorder.ts';

const HOUSEKEEPING_MS = 1_000;
const BATCH = 500;
/** Ticks of pushes that wait for their turn, at most. */
const MAX_PENDING = 20_000;

export interface MarketWriterOptions {
  broker: Broker;
  leases: Leases;
  /** Of this run of the process, unlike that of any other: marks its records in the log. */
  node: string;
  /** Started before the writer. */
  market: Market;
  /** A new feed each time this node gets to run it; `null`: it never does, and leaves the lease to others. */
  openFeed: (() => Feed) | null;
  /** The feed's name, for health while another node runs it. */
  feedName: string;
  /** False where silence is no fault, as with pushed ticks. */
  expectsTicks?: boolean;
  /** For a replay: its times lie before what is known already, so it begins with an empty book. */
  startsOver?: boolean;
  /** Candles of the last 24 hours, oldest first: `() => candlesSince(db, now - 24 h, limit)`. */
  recentCandles: () => Promise<readonly Candle[]>;
  /** `upsertCandles(db, candles, 'merge')`, unless another node has written under a later lease of the feed. */
  saveCandles: (candles: readonly Candle[], fence: number) => Promise<void>;
  /** What longer candles go on from. Without it, and for a replay, they begin with the first tick. */
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
 * **Who writes.** The feed runs on one node of a fleet, the holder of the lease `feed`, and publishes with its fence.
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
  readonly #candles: CandleKeeper;
  readonly #recorder: TickRecorder;
  readonly #turns: PublishTurns;
  readonly #feed: FeedRunner;
  readonly #health: FeedHealth;
  readonly #feedPublisher: FeedPublisher;
  readonly #candlePublisher: CandlePublisher;
  readonly #pruner: CandlePruner;
  #isClosed = false;
  #pending = 0;
  /** Of the last term of the feed. */
  #fence = 0;
  #stopFollowing: (() => void) | null = null;
  #stopTimer: (() => void) | null = null;

  constructor(options: MarketWriterOptions) {
    const { broker, market, node, clock, random, log } = options;
    this.#options = options;
    const history = options.startsOver === true ? null : (options.candleHistory ?? null);
    const candles = new CandleKeeper((list) => options.saveCandles(list, this.#fence), history);
    this.#candles = candles;
    this.#recorder = new TickRecorder({ node, market, candles, clock });
    this.#turns = new PublishTurns(clock);
    const { own } = this.#recorder;
    this.#feedPublisher = new FeedPublisher({ broker, market, own, clock, random, log });
    this.#candlePublisher = new CandlePublisher({ broker, candles, clock });
    this.#pruner = new CandlePruner({ prune: options.pruneCandles, clock, log });
    this.#health = new FeedHealth({
      read: () => this.#told(),
      expectsTicks: options.expectsTicks ?? true,
      clock,
      log,
    });
    this.#feed = new FeedRunner({
      ...options,
      begin: (term) => this.#begin(term),
      take: (ticks, term) => this.#take(ticks, term),
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
      // The log's state may be lost, and that of candles is known here alone.
      market.onReset(() => this.#candles.publishAgain()),
    ];
    this.#stopFollowing = () => stops.forEach((stop) => stop());
    this.#stopTimer = clock.every(HOUSEKEEPING_MS, () => this.#keepHouse());
    this.#feed.start();
  }

  /**
   * Publishes ticks that came in over REST.
   * @returns their position in the market log
   * @throws Problem `invalid-request` when one of them cannot be taken (then none is), `conflict` when there are too many
   * symbols, `unavailable` when the log cannot be written
   */
  async push(ticks: readonly Tick[]): Promise<Position> {
    const errors = ticks.flatMap((tick, index) => {
      const reason = objection(tick, this.#options.clock.now());
      return reason === null
        ? []
        : [{ pointer: ticks.length === 1 ? '' : `/items/${index}`, detail: reason }];
    });
    if (errors.length > 0) throw problem('invalid-request', { errors });
    if (!this.hasRoomFor(ticks.map((tick) => tick.symbol))) {
      throw problem('conflict', {
        detail: 'The market has as many symbols as it can keep. Send ticks of known symbols only.',
      });
    }
    const { broker } = this.#options;
    if (this.#isClosed || this.#feedPublisher.trouble !== null) throw problem('unavailable');
    if (this.#pending + ticks.length > MAX_PENDING) {
      throw problem('unavailable', {
        detail: 'Too many ticks are waiting. Send these again later.',
        headers: { 'Retry-After': '1' },
      });
    }
    this.#pending += ticks.length;
    try {
      return await this.#turns.takeSoon(async () =>
        broker.publish(MARKET_LOG, this.#recorder.record(ticks).payloads),
      );
    } catch (error) {
      throw asProblem(error);
    } finally {
      this.#pending -= ticks.length;
    }
  }

  /** The newest minutes of a symbol as this node knows them, oldest first: what is in the database may lag behind. */
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

  /** Whether prices of these symbols can all be taken. */
  hasRoomFor(symbols: Iterable<string>): boolean {
    return this.#recorder.book.hasRoomFor(...symbols);
  }

  /**
   * Tells all nodes that candles were stored. A close that is newer than any known price becomes the price.
   * @throws Problem `unavailable`
   */
  async announceLoaded(loads: readonly LoadedCandles[]): Promise<void> {
    if (this.#isClosed) throw problem('unavailable');
    try {
      await this.#turns.takeSoon(async () => {
        for (let start = 0; start < loads.length; start += BATCH) {
          const batch = loads.slice(start, start + BATCH);
          const payloads = batch.map((load) => this.#recorder.recordLoaded(load));
          await this.#options.broker.publish(MARKET_LOG, payloads);
        }
      });
    } catch (error) {
      throw asProblem(error);
    }
  }

  status(): ShownFeedStatus {
    return this.#health.look();
  }

  /** How often the feed was live again after it had failed. */
  get feedReconnects(): number {
    return this.#health.reconnects;
  }

  /** What the feed says of itself, and what hinders its ticks on their way into the log. */
  #told(): FeedStatus {
    const { state, detail } = this.#feed.status();
    const publishing = this.#feedPublisher.trouble;
    const troubles = [publishing, this.#feed.trouble, this.#recorder.trouble, this.#candles.trouble, detail];
    return {
      feed: this.#options.feedName,
      state: publishing !== null && state === 'running' ? 'retrying' : state,
      detail: troubles.filter((text) => text !== null).join('; ') || null,
      lastTickAt: this.#recorder.lastTickAt,
      ticks: this.#recorder.ticks,
    };
  }

  /** Ends the feed, saves the candles that wait, and releases the lease. */
  async close(): Promise<void> {
    this.#isClosed = true;
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
    this.#candlePublisher.takeOver();
  }

  /** The feed's sink. Rejects only when this node no longer runs the feed. */
  async #take(ticks: readonly Tick[], term: FeedTerm): Promise<void> {
    const valid = this.#recorder.valid(ticks);
    for (let start = 0; start < valid.length; start += BATCH) {
      const batch = valid.slice(start, start + BATCH);
      await this.#turns
        .take(async () => {
          term.signal.throwIfAborted();
          await this.#feedPublisher.publish(this.#recorder.record(batch), term);
        })
        .catch((error: unknown) => this.#fail(error));
      this.#health.arrived();
    }
  }

  async #finish({ fence }: FeedTerm): Promise<void> {
    // A save under way may have begun before the last ticks.
    await this.#candles.save();
    await this.#candles.save();
    await this.#turns.take(() => this.#candlePublisher.publish(fence));
  }

  /** While the node shuts down, its feed's end is no news. */
  #look(): void {
    if (!this.#isClosed) this.#health.look();
  }

  #keepHouse(): void {
    const { clock } = this.#options;
    this.#look();
    const { term } = this.#feed;
    if (term === null) {
      this.#candles.builder.standBy(clock.now());
      return;
    }
    this.#pruner.pruneIfDue(term.fence);
    this.#publishCandles(term);
    void this.#candles.read(clock.now()).then((isNews) => {
      if (isNews) this.#publishCandles(term);
    });
  }

  #publishCandles(term: FeedTerm): void {
    // During an outage candles only change further; they are published once it is over.
    if (this.#feedPublisher.trouble !== null || this.#feed.term !== term) return;
    this.#turns
      .take(() => this.#candlePublisher.publish(term.fence))
      .catch((error: unknown) => this.#fail(error))
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'candles cannot be published, trying again'),
      );
  }

  /** A writer that is fenced off learns earlier than from its lease that another node has taken over. */
  #fail(error: unknown): never {
    if (error instanceof FencedError) this.#feed.endTerm();
    throw error;
  }
}

/** What a request is answered when the log cannot be written. */
function asProblem(error: unknown): unknown {
  const isUnavailable = error instanceof BrokerUnavailableError || error instanceof DeadlineError;
  return isUnavailable ? problem('unavailable', { cause: error }) : error;
}
