import type { Candle } from '../../db/market/candles.ts';
import type { Clock } from '../../lib/clock.ts';
import { decimal, fixed } from '../../lib/money/money.ts';
import { encodeRecord } from '../channels/record-codec.ts';
import type { TickRecord } from '../channels/record.ts';
import type { Payload } from '../core/broker.ts';
import type { CandleKeeper } from './candle-keeper.ts';
import { objection, parseTick, tickOf, tradeBody } from './market-tick.ts';
import type { Market } from './market.ts';
import { OwnRecords } from './own-records.ts';
import type { Tick } from './tick.ts';
import { TickerBook } from './ticker-book.ts';

/** Candles of one symbol that a user has stored: those of [from, to), of which `last` is the newest. */
export interface LoadedCandles {
  symbol: string;
  from: number;
  to: number;
  last: Candle;
}

export interface TickRecorderOptions {
  node: string;
  market: Market;
  candles: CandleKeeper;
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
  readonly book = new TickerBook();
  readonly own: OwnRecords;
  readonly #market: Market;
  readonly #candles: CandleKeeper;
  readonly #clock: Clock;
  #ticks = 0;
  #lastTickAt: number | null = null;
  #refused = 0;
  #trouble: string | null = null;

  constructor({ node, market, candles, clock }: TickRecorderOptions) {
    this.own = new OwnRecords(node);
    this.#market = market;
    this.#candles = candles;
    this.#clock = clock;
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

  /** Enters valid ticks in book and candles. @returns their records, to be published in this order */
  record(ticks: readonly Tick[]): TickBatch {
    const now = this.#clock.now();
    this.#ticks += ticks.length;
    this.#lastTickAt = now;
    const payloads = ticks.flatMap((tick) => {
      if (this.book.hasRoomFor(tick.symbol))
        return { key: `ticker:${tick.symbol}`, data: this.#enter(tick, now) };
      this.#refuse(tick, 'too many symbols');
      return [];
    });
    return { payloads, last: this.own.stamped };
  }

  #enter(tick: Tick, now: number): string {
    const parsed = parseTick(tick, now, this.book.newestTime(tick.symbol));
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
  recordLoaded({ symbol, from, to, last }: LoadedCandles): Payload {
    const known = this.#market.price(symbol);
    const isNews = (known === null || last.closeTime > known.time) && this.book.hasRoomFor(symbol);
    const price = { symbol, price: last.close, quantity: null, time: last.closeTime, exchange: null };
    const ticker = isNews ? this.book.apply({ ...price, simulated: false }) : null;
    const record: TickRecord = { type: 'tick', ticker, trade: null, loaded: { symbol, from, to } };
    const data = encodeRecord(record);
    // A node that starts later reads in the log's state where candles were loaded last.
    return ticker === null ? { key: 'loaded', data } : { key: `ticker:${symbol}`, data };
  }

  /** Takes in a record that came over the log. */
  follow(record: TickRecord): void {
    if (record.loaded !== undefined) {
      const { symbol, from, to } = record.loaded;
      this.#candles.reload(symbol, from, to);
      if (record.ticker !== null) this.book.adopt(record.ticker, fixed(record.ticker.price));
      return;
    }
    if (this.own.recognise(record)) return;
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
