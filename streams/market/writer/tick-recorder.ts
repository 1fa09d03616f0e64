import type { Candle } from '../../../db/market/candles.ts';
import type { Gap } from '../../../db/market/gaps.ts';
import type { Clock } from '../../../lib/clock.ts';
import { decimal, fixed } from '../../../lib/money/money.ts';
import { encodeRecord } from '../../channels/record-codec.ts';
import type { PriceStatus } from '../../../lib/schemas/ticker-schema.ts';
import type { GapRecord, TickRecord } from '../../channels/record.ts';
import type { Payload } from '../../core/broker.ts';
import type { CandleKeeper } from '../candles/candle-keeper.ts';
import type { CandleHistory } from '../candles/candle-rollups.ts';
import { objection, parseTick, tickOf, tradeBody } from '../market-tick.ts';
import type { Market } from '../market.ts';
import { OwnRecords } from './own-records.ts';
import type { Tick } from '../tick.ts';
import { TickerBook } from './ticker-book.ts';
import { TickerRefills } from './ticker-refills.ts';

/** Candles of one symbol that a user has stored: those of [from, to), of which `last` is the newest. */
export interface LoadedCandles {
  symbol: string;
  from: number;
  to: number;
  last: Candle;
  /** The parts of gaps that they fill; none if omitted. */
  closed?: { from: number; to: number }[];
}

export interface TickRecorderOptions {
  node: string;
  market: Market;
  candles: CandleKeeper;
  /** The stored minutes; `null`: what was before the first tick does not count. */
  minutes: CandleHistory['minutes'] | null;
  clock: Clock;
}

/** A batch of records. */
export interface TickBatch {
  payloads: Payload[];
  /** Number of the last one. */
  last: number;
}

/**
 * Turns ticks into records of the market log, each with the ticker after it. Keeps book and candles in step with the
 * log: with its own ticks when their records are made, with those of other writers when they come over the log.
 */
export class TickRecorder {
  readonly book: TickerBook;
  readonly own: OwnRecords;
  readonly #market: Market;
  readonly #candles: CandleKeeper;
  readonly #clock: Clock;
  readonly #refills: TickerRefills;
  #ticks = 0;
  #lastTickAt: number | null = null;
  #refused = 0;
  #trouble: string | null = null;

  constructor({ node, market, candles, clock, minutes }: TickRecorderOptions) {
    this.own = new OwnRecords(node);
    this.book = new TickerBook({ gaps: market.gaps });
    this.#market = market;
    this.#candles = candles;
    this.#clock = clock;
    this.#refills = new TickerRefills(this.book, minutes);
  }

  /** How many ticks were recorded. */
  get ticks(): number {
    return this.#ticks;
  }

  get lastTickAt(): number | null {
    return this.#lastTickAt;
  }

  /** Which ticks were refused, for health. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Begins with what was known before this process. @param candles of the last 24 hours, oldest first */
  seed(candles: readonly Candle[]): void {
    this.book.seed(candles);
    const newest = new Map(candles.map((candle) => [candle.symbol, candle]));
    this.#candles.builder.seed([...newest.values()], this.#clock.now());
  }

  /** Takes over the tickers that the market knows, and gives it the 24-hour figures that it lacks. */
  adoptMarket(): void {
    for (const ticker of this.#market.tickers()) this.book.adopt(ticker, fixed(ticker.price));
    for (const symbol of this.#market.symbols()) this.#market.complete(this.book.ticker(symbol));
  }

  /** The ticks that make sense. The others are noted for health. */
  valid(ticks: readonly Tick[]): Tick[] {
    const now = this.#clock.now();
    return ticks.filter((tick) => {
      const reason = objection(tick, now);
      if (reason !== null) this.#refuse(tick, reason);
      return reason === null;
    });
  }

  /**
   * Enters valid ticks in book and candles.
   * @param feed where they came from
   * @returns their records, to be published in this order
   */
  record(ticks: readonly Tick[], feed: string | null): TickBatch {
    const now = this.#clock.now();
    this.#ticks += ticks.length;
    this.#lastTickAt = now;
    const payloads = ticks.flatMap((tick) => {
      if (this.book.hasRoomFor(tick.symbol))
        return { key: `ticker:${tick.symbol}`, data: this.#enter(tick, { now, feed }) };
      this.#refuse(tick, 'too many symbols');
      return [];
    });
    return { payloads, last: this.own.stamped };
  }

  /** The records that tell of prices whose status has changed. */
  recordStatuses(statuses: ReadonlyMap<string, PriceStatus>): TickBatch {
    const payloads: Payload[] = [];
    for (const [symbol, status] of statuses) {
      if (!this.book.judge(symbol, status)) continue;
      const ticker = this.book.ticker(symbol);
      const record: TickRecord = { type: 'tick', by: this.own.stamp(), ticker, trade: null, judged: true };
      payloads.push({ key: `ticker:${symbol}`, data: encodeRecord(record) });
    }
    return { payloads, last: this.own.stamped };
  }

  /**
   * Takes loaded minutes into the 24-hour figures, if they fill gaps. Never rejects.
   * @returns the symbols whose figures have changed
   */
  refill(): Promise<string[]> {
    return this.#refills.run();
  }

  /** The records that tell the figures of symbols anew. */
  recordTickers(symbols: readonly string[]): TickBatch {
    const payloads = symbols.flatMap((symbol): Payload[] => {
      const ticker = this.book.ticker(symbol);
      if (ticker === null) return [];
      const record: TickRecord = { type: 'tick', by: this.own.stamp(), ticker, trade: null, judged: true };
      return [{ key: `ticker:${symbol}`, data: encodeRecord(record) }];
    });
    return { payloads, last: this.own.stamped };
  }

  /** The record of trades that were missed, and the ticker that shows it. */
  recordGap(gap: Gap): TickBatch {
    this.#miss(gap);
    const told: Payload = { data: encodeRecord({ type: 'gap', by: this.own.stamp(), ...gap }) };
    const { payloads, last } = this.recordTickers([gap.symbol]);
    return { payloads: [told, ...payloads], last };
  }

  /** Takes in a gap that came over the log. */
  followGap(record: GapRecord): void {
    if (!this.own.recognise(record)) this.#miss(record);
  }

  #miss(gap: Gap): void {
    this.#market.gaps.add(gap);
    this.#candles.gapChanged(gap.symbol, gap.from, gap.to);
  }

  #enter(tick: Tick, arrival: { now: number; feed: string | null }): string {
    const { now } = arrival;
    const parsed = parseTick(tick, { ...arrival, newest: this.book.newestTime(tick.symbol) });
    this.#candles.builder.add(parsed, now);
    const isLate = this.book.apply(parsed) === null;
    const ticker = this.book.ticker(tick.symbol);
    const trade = tradeBody(tick, parsed);
    const record: TickRecord = { type: 'tick', by: this.own.stamp(), ticker, trade };
    if (isLate && trade === null) {
      record.late = { price: decimal(parsed.price), time: new Date(parsed.time).toISOString() };
    }
    return encodeRecord(record);
  }

  /** The record of stored candles. A close that is newer than any known price becomes the price. */
  recordLoaded({ symbol, from, to, last, closed = [] }: LoadedCandles): Payload {
    const known = this.#market.price(symbol);
    const isNews = (known === null || last.closeTime > known.time) && this.book.hasRoomFor(symbol);
    const { close: price, closeTime: time } = last;
    const origin = { asOf: time, exchange: null, feed: null, status: 'stale', simulated: false } as const;
    const ticker = isNews ? this.book.apply({ symbol, price, quantity: null, time, ...origin }) : null;
    const record: TickRecord = { type: 'tick', ticker, trade: null, loaded: { symbol, from, to } };
    if (closed.length > 0 && record.loaded !== undefined) record.loaded.closed = closed;
    const data = encodeRecord(record);
    // A node that starts later reads in the log's state where candles were loaded last.
    return ticker === null ? { key: 'loaded', data } : { key: `ticker:${symbol}`, data };
  }

  /** Takes in a record that came over the log. */
  follow(record: TickRecord): void {
    if (record.loaded !== undefined) {
      const { symbol, from, to, closed = [] } = record.loaded;
      this.#candles.reload(symbol, from, to);
      for (const span of closed) {
        this.#candles.gapChanged(symbol, span.from, span.to);
        this.#refills.add({ symbol, ...span });
      }
      if (record.ticker !== null) this.book.adopt(record.ticker, fixed(record.ticker.price));
      return;
    }
    if (this.own.recognise(record)) return;
    if (record.judged === true) {
      if (record.ticker !== null) this.book.judge(record.ticker.symbol, record.ticker.status);
      return;
    }
    const tick = tickOf(record);
    if (tick === null || !this.book.hasRoomFor(tick.symbol)) return;
    this.book.follow(tick);
    this.#candles.builder.add(tick, this.#clock.now());
  }

  #refuse({ symbol }: Tick, reason: string): void {
    this.#refused += 1;
    this.#trouble = `${this.#refused} ticks refused; the last one, of ${symbol.slice(0, 50)}, ${reason}`;
  }
}
