import { decodeMarketRecord, encodeRecord } from '../channels/record-codec.ts';
import type { PricePoint } from '../../db/market/candles.ts';
import { decimal } from '../../lib/money/money.ts';
import { indexSymbols, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import type { LogEvent, Position } from '../core/broker.ts';
import { KnownTickers, type Mark } from './known-tickers.ts';
import { GapBook } from './gap-book.ts';
import { KnownFeeds } from './known-feeds.ts';
import { MarketLog, type MarketLogOptions } from './market-log.ts';
import { Pace } from './pace.ts';
import { isLate } from './market-tick.ts';
import type { Gap } from '../../db/market/gaps.ts';
import type { GapRecord, TickRecord } from '../channels/record.ts';
import type { PublicTradeBody } from '../../lib/schemas/public-trade-schema.ts';
import type { PriceStatus, TickerBody } from '../../lib/schemas/ticker-schema.ts';

/**
 * Called after the event is applied: `price` is already the new one, and `position` is that of this event. A late tick
 * moved no price.
 */
export type TickListener = (record: TickRecord, event: LogEvent) => void;

/** The current prices, either simulated or real. */
export type PresentPrices = Pick<Market, 'price' | 'index' | 'symbols'>;

/** The market, or a view that records what is read from it. */
export type MarketView = Pick<Market, 'of' | 'position' | 'updatedAt'>;

/** For a portfolio of the other kind, simulated or real: it has nothing to do with these prices. */
export const NO_PRICES: PresentPrices = { price: () => null, index: indexSymbols([]), symbols: () => [] };

export interface MarketOptions extends Pick<MarketLogOptions, 'broker' | 'clock' | 'random' | 'log'> {
  /** The last prices from before this log: `(simulated) => lastCloses(db, simulated)`. */
  lastCloses: (simulated: boolean) => Promise<readonly PricePoint[]>;
  /** Whether its prices are simulated: all of them are, or none. Default: none. What arrives over the log decides. */
  simulated?: boolean;
  /** Time ranges in which trades were missed: `() => gapsSince(db, …)`. Default: none. */
  knownGaps?: () => Promise<readonly Gap[]>;
  /** The maximum number of symbols; further ones are ignored. */
  maxSymbols?: number;
}

/**
 * Each node's read model of the market: the newest ticker of every symbol, as of `position`. The order of the log alone
 * decides what is newest, so all nodes agree at equal positions.
 *
 * Start it before anything else listens to the market log: a broker calls its listeners in order of subscription, so
 * later listeners find an event already applied here.
 */
export class Market {
  readonly #options: MarketOptions;
  readonly #log: MarketLog;
  readonly #tickers: KnownTickers;
  /** By symbol, for those whose price came over the log. */
  readonly #paces = new Map<string, Pace>();
  readonly feeds = new KnownFeeds();
  /** For the last weeks: earlier ones are in the database. */
  readonly gaps = new GapBook();
  readonly #gapListeners = new Set<(record: GapRecord) => void>();
  /** By symbol, the newest public trade that came over the log. */
  readonly #trades = new Map<string, PublicTradeBody>();
  readonly #listeners = new Set<TickListener>();
  readonly #resetListeners = new Set<() => void>();
  readonly #feedListeners = new Set<() => void>();
  /** By symbol, for those whose newest event was a late trade: its position. */
  readonly #late = new Map<string, number>();
  /** Where events were missed last: anything may have happened before. */
  #missed = 0;
  #loadedAt = 0;
  #isSimulated: boolean;

  constructor(options: MarketOptions) {
    this.#options = options;
    this.#isSimulated = options.simulated ?? false;
    this.#log = new MarketLog({
      ...options,
      take: (event) => this.#take(event),
      tell: (record, event) => this.#tell(record, event),
      lost: (position, isOtherEpoch) => this.#lost(position, isOtherEpoch),
    });
    this.#tickers = new KnownTickers(options.log, options.maxSymbols ?? 5_000);
  }

  /** The last event applied. */
  get position(): Position {
    return this.#log.position;
  }

  /** When the newest event applied was published, epoch milliseconds; 0 before the first. */
  get updatedAt(): number {
    return this.#log.updatedAt;
  }

  /** False while the state is reloaded after a gap: until then prices may change while the position stays. */
  get isSettled(): boolean {
    return this.#log.isSettled;
  }

  /**
   * May be called again after a failure.
   * @throws BrokerUnavailableError, or what the database throws
   */
  async start(): Promise<void> {
    for (const gap of (await this.#options.knownGaps?.()) ?? []) this.gaps.add(gap);
    await this.#loadCloses();
    await this.#log.start();
  }

  /** Whether its prices are simulated. */
  get isSimulated(): boolean {
    return this.#isSimulated;
  }

  /**
   * The market for valuing a portfolio of that kind: simulated prices never value real ledgers, nor the other way
   * round.
   */
  of(simulated: boolean): PresentPrices {
    return simulated === this.isSimulated ? this : NO_PRICES;
  }

  /** The same object until the price moves. */
  price(symbol: string): Mark | null {
    return this.#tickers.get(symbol)?.mark ?? null;
  }

  ticker(symbol: string): TickerBody | null {
    return this.#tickers.get(symbol)?.ticker ?? null;
  }

  /** Whether no price has arrived for longer than the symbol's own pace explains, or none since this log began. */
  isOverdue(symbol: string): boolean {
    return this.#paces.get(symbol)?.isOverdue(this.#options.clock.now(), 0) ?? true;
  }

  /** As reported in the log, or worse: the node that runs the feed may be gone. */
  status(symbol: string): PriceStatus {
    const status = this.#tickers.get(symbol)?.ticker.status ?? 'stale';
    return status === 'live' && this.isOverdue(symbol) ? 'stale' : status;
  }

  /** Changes whenever one of these tickers or its status does; `null` while the state is reloaded. */
  tickersBasis(symbols: readonly string[]): string | null {
    if (!this.isSettled) return null;
    const parts = symbols.map((symbol) => {
      const known = this.#tickers.get(symbol);
      // Prices from the database have offset 0, whenever they were read.
      return `${symbol} ${known?.offset} ${known?.ticker.price} ${known?.ticker.time} ${this.status(symbol)}`;
    });
    return [this.position.epoch, ...parts].join(',');
  }

  /**
   * Changes with every event of a symbol, late trades included, and when candles of any symbol were loaded. `null` as
   * above.
   */
  candlesBasis(symbol: string): string | null {
    if (!this.isSettled) return null;
    const { offset, ticker } = this.#tickers.get(symbol) ?? {};
    const moved = Math.max(offset ?? 0, this.#late.get(symbol) ?? 0, this.#missed);
    return [this.closesBasis, moved, ticker?.price, ticker?.time].join(' ');
  }

  /** Changes when stored candles were loaded. */
  get closesBasis(): string {
    return `${this.position.epoch} ${Math.max(this.#loadedAt, this.#missed)}`;
  }

  tickers(): TickerBody[] {
    return Array.from(this.#tickers.values(), ({ ticker }) => ticker);
  }

  /** Adds the 24-hour figures to a price from before the log. The price itself stays. */
  complete(ticker: TickerBody | null): void {
    if (ticker !== null) this.#tickers.complete(ticker);
  }

  /**
   * Tickers as of a position of the log, as events of it, for keys that a reader lacks: those from before the log, at
   * offset 0, and those that the log's own state has lost.
   */
  known(at: Position, lacks: (key: string) => boolean): LogEvent[] {
    const isSameEpoch = at.epoch === this.position.epoch;
    const events: LogEvent[] = [];
    for (const { ticker, mark, offset } of this.#tickers.values()) {
      const key = `ticker:${ticker.symbol}`;
      // What comes later is about to be delivered.
      if (!lacks(key) || (isSameEpoch && offset > at.offset)) continue;
      const record: TickRecord = { type: 'tick', ticker, trade: null };
      events.push({ key, data: encodeRecord(record), offset: isSameEpoch ? offset : 0, at: mark.time });
    }
    return events;
  }

  /** The symbols by asset: the same object until there is a new symbol. */
  get index(): SymbolIndex {
    return this.#tickers.index;
  }

  symbols(): string[] {
    return this.#tickers.symbols();
  }

  /** @returns a function that unsubscribes it. Errors that the listener throws are logged. */
  onTick(listener: TickListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls the listener when the log has started over, or events were missed.
   * @returns a function that unsubscribes it
   */
  onReset(listener: () => void): () => void {
    this.#resetListeners.add(listener);
    return () => this.#resetListeners.delete(listener);
  }

  /** The newest public trade of a symbol, as far as the log has it. */
  lastTrade(symbol: string): PublicTradeBody | null {
    return this.#trades.get(symbol) ?? null;
  }

  /** @returns a function that unsubscribes it */
  onGap(listener: (record: GapRecord) => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  /**
   * Calls the listener when the state of the feeds may have changed.
   * @returns a function that unsubscribes it
   */
  onFeeds(listener: () => void): () => void {
    this.#feedListeners.add(listener);
    return () => this.#feedListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    this.#resetListeners.clear();
    this.#feedListeners.clear();
    this.#gapListeners.clear();
    await this.#log.close();
  }

  #tell(record: TickRecord, event: LogEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(record, event);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener of the market failed');
      }
    }
  }

  /** Events were missed: old prices stay until the log's state has been reloaded. */
  #lost({ offset }: Position, isOtherEpoch: boolean): void {
    if (isOtherEpoch) this.#tickers.forgetOffsets();
    this.#missed = offset;
    this.#late.clear();
    this.#loadedAt = 0;
    for (const listener of this.#resetListeners) listener();
  }

  /** @returns the record of a tick, or `null` for anything else */
  #take(event: LogEvent): TickRecord | null {
    try {
      const record = decodeMarketRecord(event.data);
      if (record.type === 'feed') {
        this.feeds.remember(record);
        for (const listener of this.#feedListeners) listener();
      }
      if (record.type === 'gap') {
        this.gaps.add(record);
        // Responses about its candles have changed.
        this.#late.set(record.symbol, event.offset);
        for (const listener of this.#gapListeners) listener(record);
      }
      if (record.type !== 'tick') return null;
      if (record.loaded !== undefined) {
        const { symbol, closed = [] } = record.loaded;
        this.#loadedAt = Math.max(this.#loadedAt, event.offset);
        for (const span of closed) this.gaps.close({ symbol, ...span });
      }
      const { simulated = this.#isSimulated } = record.ticker ?? record.trade ?? {};
      if (simulated !== this.#isSimulated) this.#enter(simulated);
      if (record.ticker !== null && !this.#isBack(record)) {
        this.#tickers.remember(record.ticker, event.offset);
        if (record.loaded === undefined) this.#arrived(record, record.ticker, event.at);
        if (record.trade !== null && !isLate(record)) this.#trades.set(record.trade.symbol, record.trade);
      } else if (record.trade !== null && this.#tickers.get(record.trade.symbol) !== undefined)
        this.#late.set(record.trade.symbol, event.offset);
      return record;
    } catch (error) {
      this.#options.log.error({ err: error, offset: event.offset }, 'a market event cannot be read');
      return null;
    }
  }

  /** The log has started over with prices of the other kind: those of this one are no longer current. */
  #enter(simulated: boolean): void {
    this.#isSimulated = simulated;
    this.#tickers.clear();
    this.#paces.clear();
    this.#late.clear();
    this.#trades.clear();
    this.#loadCloses().catch((error: unknown) =>
      this.#options.log.warn({ err: error }, 'the last prices cannot be read: only new ones are known'),
    );
  }

  async #loadCloses(): Promise<void> {
    const simulated = this.#isSimulated;
    const closes = await this.#options.lastCloses(simulated);
    if (simulated !== this.#isSimulated) return;
    for (const point of closes) this.#tickers.remember(tickerOf(point), 0);
  }

  /** If nothing new has arrived, the ticker still shows that something once did. */
  #arrived(record: TickRecord, { symbol, feed, time, asOf }: TickerBody, publishedAt: number): void {
    if (this.#tickers.get(symbol) === undefined) return;
    let at = publishedAt;
    if (record.judged === true) at = Date.parse(asOf);
    else if (isLate(record)) at = Math.min(at, Date.parse(time));
    if (feed) this.feeds.arrived(feed, at);
    let pace = this.#paces.get(symbol);
    if (pace === undefined) this.#paces.set(symbol, (pace = new Pace()));
    pace.arrived(at);
  }

  /** The writer of a late tick may not have seen a price that is in the log: a late tick never moves it back. */
  #isBack(record: TickRecord): boolean {
    const known = this.#tickers.get(record.ticker?.symbol ?? '');
    return known !== undefined && isLate(record) && Date.parse(record.ticker?.time ?? '') < known.mark.time;
  }
}

/** A stored close as a ticker, whose last 24 hours are unknown. */
function tickerOf({ symbol, price, time, simulated }: PricePoint): TickerBody {
  const text = decimal(price);
  return {
    symbol,
    price: text,
    change: null,
    changeRate: null,
    high: text,
    low: text,
    volume: '0',
    quoteVolume: '0',
    time: new Date(time).toISOString(),
    asOf: new Date(time).toISOString(),
    exchange: null,
    feed: null,
    status: 'stale',
    // What was missed before this process began is reported with the 24-hour figures.
    complete: true,
    simulated,
  };
}
