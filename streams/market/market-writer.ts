import { encodeRecord } from '../channels/record-codec.ts';
import type { Candle } from '../../db/market/candles.ts';
import type { Clock, Random } from '../../lib/clock.ts';
import { DeadlineError, withDeadline } from '../../lib/deadline.ts';
import type { Logger } from '../../lib/log.ts';
import { decimal, fixed } from '../../lib/money/money.ts';
import { problem } from '../../lib/problem.ts';
import { backoff, pause, type Backoff } from '../../lib/backoff.ts';
import {
  BrokerUnavailableError,
  FencedError,
  type Broker,
  type Payload,
  type Position,
} from '../core/broker.ts';
import { MARKET_LOG } from '../channels/logs.ts';
import { CandleKeeper } from './candle-keeper.ts';
import type { CandleHistory } from './candle-rollups.ts';
import type { Lease, Leases } from '../core/lease.ts';
import { objection, parseTick, tickOf, tradeBody } from './market-tick.ts';
import type { Market } from './market.ts';
import { OwnRecords } from './own-records.ts';
import type { TickRecord } from '../channels/record.ts';
import type { Feed, FeedStatus, Tick } from './tick.ts';
import { TickerBook } from './ticker-book.ts';

export const FEED_LEASE = 'feed';
const LEASE_RETRY_MS = 1_000;
const HOUSEKEEPING_MS = 1_000;
const BATCH = 500;
/** Ticks of pushes that wait for their turn, at most. */
const MAX_PENDING = 20_000;
/** Candle events that wait while the broker does not take them, at most. */
const MAX_UNSENT = 10_000;
/** How long a request waits for its turn to publish, and the end of a term for the feed to close. */
const TURN_MS = 5_000;
const CLOSE_MS = 5_000;
const PRUNE_EVERY_MS = 3_600_000;

export interface MarketWriterOptions {
  broker: Broker;
  leases: Leases;
  /** Of this run of the process, unlike that of any other: marks its records in the log. */
  node: string;
  /** Started before the writer. */
  market: Market;
  /** A new feed for each time this node gets to run it; `null`: it never does, and leaves the lease to others. */
  openFeed: (() => Feed) | null;
  /** The feed's name, for health while another node runs it. */
  feedName: string;
  /** For a replay: its times lie before what is known already, so it begins with an empty book. */
  startsOver?: boolean;
  /** Candles of the last 24 hours, oldest first: `() => candlesSince(db, now - 24 h, limit)`. */
  recentCandles: () => Promise<readonly Candle[]>;
  /** `upsertCandles(db, candles, 'merge')`, unless somebody has written under a later lease of the feed. */
  saveCandles: (candles: readonly Candle[], fence: number) => Promise<void>;
  /** What longer candles go on from. Without it, and for a replay, they begin with the first tick. */
  candleHistory?: CandleHistory;
  /** Deletes candles that are too old. Called once an hour by the node that runs the feed. */
  pruneCandles?: (fence: number) => Promise<unknown>;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Candles of one symbol that a user has stored: those of [from, to), of which `last` is the newest. */
export interface LoadedCandles {
  symbol: string;
  from: number;
  to: number;
  last: Candle;
}

/**
 * Brings ticks into the market log.
 *
 * **Who writes.** The feed runs on one node of a fleet, the holder of the lease `feed`, and publishes with its fence.
 * The same node publishes and saves the candles; a final candle is told once, but may be told again where another node
 * takes over. A pushed tick is published by the node that got it, without a fence:
 * the log orders the batches, and every writer follows the log, so each knows the ticks of all. Two nodes that push the
 * same symbol within one round trip may each overlook the other's tick in the 24 hours they send along; the next tick
 * of that symbol puts it right.
 *
 * **Late ticks** (older than the newest of their symbol) leave price and time of the ticker as they are, and move its 24
 * hours at once.
 *
 * **Outages.** Ticks of the feed wait while the broker is away; what had arrived before the cut is not sent again. A
 * push fails at once instead, and repeating it is up to the client. Candles wait in memory while the database is away.
 */
export class MarketWriter {
  readonly #options: MarketWriterOptions;
  readonly #book = new TickerBook();
  readonly #candles: CandleKeeper;
  readonly #closing = new AbortController();
  readonly #retry: Backoff;
  readonly #own: OwnRecords;
  /** Publishing is one at a time: the order of the book is the order of the log. */
  #tail: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #leading: { feed: Feed; lease: Lease; term: AbortController } | null = null;
  /** Whether the lease has been asked for with an answer. */
  #asked = false;
  /** Of the last lease of the feed. */
  #fence = 0;
  #contending: Promise<void> | null = null;
  #stopFollowing: (() => void) | null = null;
  #stopTimer: (() => void) | null = null;
  #unsent: Payload[] = [];
  #pruneAt = 0;
  #pruning: Promise<void> | null = null;
  #ticks = 0;
  #lastTickAt: number | null = null;
  #refused = 0;
  #trouble: Record<'broker' | 'lease' | 'ticks', string | null> = { broker: null, lease: null, ticks: null };

  constructor(options: MarketWriterOptions) {
    this.#options = options;
    this.#own = new OwnRecords(options.node);
    const history = options.startsOver === true ? null : (options.candleHistory ?? null);
    this.#candles = new CandleKeeper((candles) => options.saveCandles(candles, this.#fence), history);
    this.#retry = backoff(options.clock, options.random, { baseMs: 100, capMs: 5_000 });
  }

  async start(): Promise<void> {
    const { clock, market, log } = this.#options;
    try {
      const candles = await this.#options.recentCandles();
      this.#book.seed(candles);
      const newest = new Map(candles.map((candle) => [candle.symbol, candle]));
      this.#candles.builder.seed([...newest.values()], clock.now());
    } catch (error) {
      log.warn({ err: error }, 'the candles of the last 24 hours cannot be read: statistics start anew');
    }
    for (const ticker of market.tickers()) this.#book.adopt(ticker, fixed(ticker.price));
    for (const symbol of market.symbols()) market.complete(this.#book.ticker(symbol));
    const stops = [
      market.onTick((record) => this.#follow(record)),
      // The log's state may be lost, and that of candles is known here alone.
      market.onReset(() => this.#candles.publishAgain()),
    ];
    this.#stopFollowing = () => stops.forEach((stop) => stop());
    this.#stopTimer = clock.every(HOUSEKEEPING_MS, () => this.#keepHouse());
    const { openFeed } = this.#options;
    if (openFeed !== null) this.#contending = this.#contend(openFeed);
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
    if (!this.#book.hasRoomFor(...ticks.map((tick) => tick.symbol))) {
      throw problem('conflict', { detail: 'the market already has as many symbols as it can keep' });
    }
    const { broker } = this.#options;
    if (this.#closing.signal.aborted || this.#trouble.broker !== null) throw problem('unavailable');
    if (this.#pending + ticks.length > MAX_PENDING) {
      throw problem('unavailable', { detail: 'too many ticks are waiting', headers: { 'Retry-After': '1' } });
    }
    this.#pending += ticks.length;
    try {
      return await this.#inTurnSoon(async () => await broker.publish(MARKET_LOG, this.#payloads(ticks)));
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
    return this.#book.hasRoomFor(...symbols);
  }

  /**
   * Tells all nodes that candles were stored anew. A close that is newer than any known price becomes the price.
   * @throws Problem `unavailable`
   */
  async announceLoaded(loads: readonly LoadedCandles[]): Promise<void> {
    if (this.#closing.signal.aborted) throw problem('unavailable');
    try {
      await this.#inTurnSoon(async () => {
        for (let start = 0; start < loads.length; start += BATCH) {
          const payloads = loads.slice(start, start + BATCH).map((load) => this.#loadPayload(load));
          await this.#options.broker.publish(MARKET_LOG, payloads);
        }
      });
    } catch (error) {
      throw asProblem(error);
    }
  }

  #loadPayload({ symbol, from, to, last }: LoadedCandles): Payload {
    const known = this.#options.market.price(symbol);
    const isNews = (known === null || last.closeTime > known.time) && this.#book.hasRoomFor(symbol);
    const price = { symbol, price: last.close, quantity: null, time: last.closeTime, exchange: null };
    const ticker = isNews ? this.#book.apply({ ...price, simulated: false }) : null;
    const record: TickRecord = { type: 'tick', ticker, trade: null, loaded: { symbol, from, to } };
    const data = encodeRecord(record);
    // A node that starts later reads in the log's state where something was loaded last.
    return ticker === null ? { key: 'loaded', data } : { key: `ticker:${symbol}`, data };
  }

  status(): FeedStatus {
    const standby: FeedStatus = {
      feed: this.#options.feedName,
      state: this.#asked ? 'standby' : 'starting',
      detail: this.#asked ? 'another node runs the feed' : null,
      lastTickAt: null,
      ticks: 0,
    };
    const none: FeedStatus = { ...standby, state: 'ended', detail: 'no feed is configured on this node' };
    const status = this.#leading?.feed.status() ?? (this.#options.openFeed === null ? none : standby);
    const trouble = [...Object.values(this.#trouble), this.#candles.trouble];
    return {
      feed: this.#options.feedName,
      state: this.#trouble.broker !== null && status.state === 'running' ? 'retrying' : status.state,
      detail: [...trouble, status.detail].filter((text) => text !== null).join('; ') || null,
      lastTickAt: this.#lastTickAt,
      ticks: this.#ticks,
    };
  }

  /** Ends the feed, saves the candles that wait, and gives the lease back. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stopTimer?.();
    await this.#contending;
    await this.#tail;
    await this.#candles.idle();
    await this.#pruning;
    this.#stopFollowing?.();
  }

  async #contend(openFeed: () => Feed): Promise<void> {
    const { leases, clock, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let lease: Lease | null = null;
      try {
        lease = await leases.acquire(FEED_LEASE);
        this.#asked = true;
        this.#trouble.lease = null;
      } catch (error) {
        this.#trouble.lease = `the lease of the feed cannot be asked for: ${String(error)}`;
      }
      if (lease !== null) {
        await this.#lead(lease, openFeed).catch((error: unknown) =>
          log.error({ err: error }, 'the feed failed'),
        );
      }
      await pause(clock, LEASE_RETRY_MS, signal);
    }
  }

  /** Runs the feed until the lease is lost or the writer closes. */
  async #lead(lease: Lease, openFeed: () => Feed): Promise<void> {
    const term = new AbortController();
    const end = (): void => term.abort();
    const ended = new Promise<void>((resolve) => {
      term.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const signal of [lease.signal, this.#closing.signal]) signal.addEventListener('abort', end);
    if (lease.signal.aborted || this.#closing.signal.aborted) end();
    if (this.#options.startsOver === true) this.#book.clear();
    this.#fence = lease.fence;
    this.#candles.takeOver();
    this.#unsent = [];
    try {
      const feed = openFeed();
      this.#leading = { feed, lease, term };
      if (!term.signal.aborted) feed.start((ticks) => this.#take(ticks, lease.fence, term.signal));
      await ended;
      await this.#closeFeed(feed);
      if (!lease.signal.aborted) await this.#finish(lease.fence);
    } finally {
      this.#leading = null;
      this.#trouble.broker = null;
      for (const signal of [lease.signal, this.#closing.signal]) signal.removeEventListener('abort', end);
      await lease.release().catch((error: unknown) => {
        this.#options.log.warn({ err: error }, 'the lease of the feed cannot be given back: it will expire');
      });
    }
  }

  /** A feed that hangs is left behind: what it still delivers is refused. */
  async #closeFeed(feed: Feed): Promise<void> {
    const { clock, log } = this.#options;
    await withDeadline(feed.close(), { clock, ms: CLOSE_MS, what: 'closing the feed' }).catch(
      (error: unknown) => log.warn({ err: error }, 'the feed could not be closed'),
    );
  }

  async #finish(fence: number): Promise<void> {
    // A save under way may have begun before the last ticks.
    await this.#candles.save();
    await this.#candles.save();
    await this.#inTurn(() => this.#publishCandles(fence));
  }

  /** The feed's sink. Rejects only when this node no longer runs the feed. */
  async #take(ticks: readonly Tick[], fence: number, signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.now();
    const good = ticks.filter((tick) => {
      const reason = objection(tick, now);
      if (reason !== null) this.#refuse(tick, reason);
      return reason === null;
    });
    for (let start = 0; start < good.length; start += BATCH) {
      const batch = good.slice(start, start + BATCH);
      await this.#inTurn(async () => {
        signal.throwIfAborted();
        await this.#publishSurely(this.#payloads(batch), fence, signal);
      }).catch((error: unknown) => this.#fail(error));
    }
  }

  #refuse({ symbol }: Tick, reason: string): void {
    this.#refused += 1;
    this.#trouble.ticks = `${this.#refused} ticks refused, last ${symbol.slice(0, 50)}: ${reason}`;
  }

  /** Enters ticks in the book and the candles. */
  #payloads(ticks: readonly Tick[]): Payload[] {
    const now = this.#options.clock.now();
    this.#ticks += ticks.length;
    this.#lastTickAt = now;
    return ticks.flatMap((tick) => {
      if (!this.#book.hasRoomFor(tick.symbol)) {
        this.#refuse(tick, 'too many symbols');
        return [];
      }
      const parsed = parseTick(tick, now, this.#book.newestTime(tick.symbol));
      this.#candles.builder.add(parsed, now);
      const isLate = this.#book.apply(parsed) === null;
      const ticker = this.#book.ticker(tick.symbol);
      const trade = tradeBody(tick, parsed);
      const record: TickRecord = { type: 'tick', by: this.#own.stamp(), ticker, trade };
      if (isLate && trade === null) {
        record.late = { price: decimal(parsed.price), time: new Date(parsed.time).toISOString() };
      }
      return { key: `ticker:${tick.symbol}`, data: encodeRecord(record) };
    });
  }

  /** Takes in what came over the log from other writers. */
  #follow(record: TickRecord): void {
    if (record.loaded !== undefined) {
      const { symbol, from, to } = record.loaded;
      this.#candles.reload(symbol, from, to);
      if (record.ticker !== null) this.#book.adopt(record.ticker, fixed(record.ticker.price));
      return;
    }
    if (this.#own.recognise(record)) return;
    const tick = tickOf(record);
    if (tick === null || !this.#book.hasRoomFor(tick.symbol)) return;
    this.#book.follow(tick);
    this.#candles.builder.add(tick, this.#options.clock.now());
  }

  /** Publishes the records that were stamped last, once, however often the broker goes away meanwhile. */
  async #publishSurely(payloads: Payload[], fence: number, signal: AbortSignal): Promise<void> {
    if (payloads.length === 0) return;
    const last = this.#own.stamped;
    // A batch is taken whole or not at all.
    while (!this.#own.hasReturned(last)) {
      try {
        await this.#options.broker.publish(MARKET_LOG, payloads, { fence });
        this.#retry.reset();
        break;
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        this.#trouble.broker = error.message;
        await this.#untilCaughtUp(signal);
      }
    }
    this.#trouble.broker = null;
  }

  /** Waits until the broker answers and the market has applied all that the log holds. */
  async #untilCaughtUp(signal: AbortSignal): Promise<void> {
    const { broker, clock, market } = this.#options;
    for (;;) {
      await this.#retry.wait(signal);
      signal.throwIfAborted();
      try {
        const head = await broker.head(MARKET_LOG);
        const { epoch, offset } = market.position;
        if (epoch === head.epoch && offset >= head.offset) return;
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error;
        this.#options.log.debug({ err: error, at: clock.now() }, 'the broker is still away');
      }
    }
  }

  #keepHouse(): void {
    if (this.#leading === null) {
      this.#candles.builder.standBy(this.#options.clock.now());
      return;
    }
    this.#prune();
    const { lease } = this.#leading;
    this.#candlesOut(lease);
    void this.#candles.read(this.#options.clock.now()).then((news) => {
      if (news) this.#candlesOut(lease);
    });
  }

  #candlesOut(lease: Lease): void {
    // During an outage candles only change further; they are published once it is over.
    if (this.#trouble.broker !== null || this.#leading?.lease !== lease) return;
    this.#inTurn(() => this.#publishCandles(lease.fence))
      .catch((error: unknown) => this.#fail(error))
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'candles cannot be published, trying again'),
      );
  }

  #prune(): void {
    const { pruneCandles, clock, log } = this.#options;
    if (pruneCandles === undefined || this.#pruning !== null || clock.now() < this.#pruneAt) return;
    this.#pruneAt = clock.now() + PRUNE_EVERY_MS;
    this.#pruning = pruneCandles(this.#fence)
      .then(
        (pruned) => log.debug({ pruned }, 'old candles are pruned'),
        (error: unknown) => log.warn({ err: error }, 'old candles cannot be pruned, trying again in an hour'),
      )
      .finally(() => {
        this.#pruning = null;
      });
  }

  /** Being fenced off tells sooner than the lease that another node has taken over. */
  #fail(error: unknown): never {
    if (error instanceof FencedError) this.#leading?.term.abort();
    throw error;
  }

  async #publishCandles(fence: number): Promise<void> {
    this.#unsent.push(...this.#candles.payloads(this.#options.clock.now()));
    this.#unsent.splice(0, this.#unsent.length - MAX_UNSENT);
    while (this.#unsent.length > 0) {
      const payloads = this.#unsent.slice(0, BATCH);
      await this.#options.broker.publish(MARKET_LOG, payloads, { fence });
      this.#unsent.splice(0, BATCH);
    }
  }

  /**
   * As `inTurn`, for somebody who waits for the answer: behind ticks that wait for the broker the turn may never come.
   * @throws DeadlineError and then does nothing
   */
  async #inTurnSoon<T>(task: () => Promise<T>): Promise<T> {
    const waiting = new AbortController();
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const done = this.#inTurn(async () => {
      waiting.signal.throwIfAborted();
      begin();
      return await task();
    });
    done.catch(() => undefined);
    try {
      await withDeadline(begun, { clock: this.#options.clock, ms: TURN_MS, what: 'the turn to publish' });
    } catch (error) {
      waiting.abort(error);
      throw error;
    }
    return await done;
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(task);
    this.#tail = run.catch(() => undefined);
    return run;
  }
}

/** What a request is answered when the log cannot be written. */
function asProblem(error: unknown): unknown {
  const isAway = error instanceof BrokerUnavailableError || error instanceof DeadlineError;
  return isAway ? problem('unavailable', { cause: error }) : error;
}
