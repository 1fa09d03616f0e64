import type { Candle } from '../../../db/market/candles.ts';
import { decimal, decimalOrNull, div, mul, round, ZERO, type Fixed } from '../../../lib/money/money.ts';
import { GapBook } from '../gap-book.ts';
import type { MarketTick } from '../market-tick.ts';
import type { PriceStatus, TickerBody } from '../../../lib/schemas/ticker-schema.ts';

const MINUTE = 60_000;
/** The window: the minute of the newest tick and the 1,439 before it. */
const WINDOW = 1_440;

interface Bucket {
  minute: number;
  open: Fixed;
  openTime: number;
  close: Fixed;
  closeTime: number;
  high: Fixed;
  low: Fixed;
  volume: Fixed;
  quoteVolume: Fixed;
}

/** The last price, and what is known of it. */
type LastPrice = Omit<MarketTick, 'symbol' | 'quantity'>;

interface Series {
  /** Sorted by minute. */
  buckets: Bucket[];
  volume: Fixed;
  quoteVolume: Fixed;
  high: Fixed;
  low: Fixed;
  last: LastPrice;
  /** The last price before the window: what the change is measured against. */
  before: { price: Fixed; time: number } | null;
  /** Prices seen, up to two: the change needs an earlier one. */
  seen: number;
}

/**
 * The rolling 24 hours of every symbol, in minute buckets. The window ends at the symbol's newest tick, so a replay of
 * past days has the statistics of those days.
 *
 * A late tick (older than the newest of its symbol) counts in volume, high and low of its minute, but never moves price
 * or time back. Ticks of the same instant are taken in order of arrival.
 */
export class TickerBook {
  readonly #series = new Map<string, Series>();
  readonly #gaps: GapBook;
  readonly #maxSymbols: number;
  readonly #maxBuckets: number;
  #buckets = 0;

  constructor({ gaps = new GapBook(), maxSymbols = 5_000, maxBuckets = 1_000_000 } = {}) {
    this.#gaps = gaps;
    this.#maxSymbols = maxSymbols;
    this.#maxBuckets = maxBuckets;
  }

  /** Whether ticks of these symbols can all be taken: the number of symbols is bounded. */
  hasRoomFor(...symbols: string[]): boolean {
    const added = new Set(symbols.filter((symbol) => !this.#series.has(symbol)));
    return this.#series.size + added.size <= this.#maxSymbols;
  }

  /** Time of a symbol's newest tick, epoch milliseconds; `null` before the first. */
  newestTime(symbol: string): number | null {
    return this.#series.get(symbol)?.last.time ?? null;
  }

  /** The ticker as of the last tick; `null` for a symbol that is not known. */
  ticker(symbol: string): TickerBody | null {
    const series = this.#series.get(symbol);
    return series === undefined ? null : this.#body(symbol, series);
  }

  /** Adds a tick. @returns the ticker after it; `null` if it is late @throws RangeError for too many symbols */
  apply(tick: MarketTick): TickerBody | null {
    const series = this.#enter(tick);
    return series === null ? null : this.#body(tick.symbol, series);
  }

  /** Adds a tick whose ticker another writer has made. @throws RangeError for too many symbols */
  follow(tick: MarketTick): void {
    this.#enter(tick);
  }

  /** @returns `null` if it is late */
  #enter(tick: MarketTick): Series | null {
    let series = this.#series.get(tick.symbol);
    if (series === undefined) {
      if (!this.hasRoomFor(tick.symbol)) throw new RangeError(`more than ${this.#maxSymbols} symbols`);
      series = newSeries(tick);
      this.#series.set(tick.symbol, series);
    }
    const late = tick.time < series.last.time;
    if (!late) series.last = lastOf(tick);
    const { price, time } = tick;
    const quantity = tick.quantity ?? ZERO;
    this.#add(series, {
      minute: Math.floor(time / MINUTE),
      open: price,
      openTime: time,
      close: price,
      closeTime: time,
      high: price,
      low: price,
      volume: quantity,
      quoteVolume: mul(price, quantity),
    });
    return late ? null : series;
  }

  /** Adds stored candles from before this process, oldest first. */
  seed(candles: readonly Candle[]): void {
    for (const candle of candles) {
      if (!this.hasRoomFor(candle.symbol)) continue;
      const newest: LastPrice = {
        price: candle.close,
        time: candle.closeTime,
        asOf: candle.closeTime,
        exchange: null,
        feed: null,
        status: 'stale',
        simulated: candle.simulated,
      };
      const series = this.#series.get(candle.symbol) ?? newSeries(newest);
      this.#series.set(candle.symbol, series);
      if (newest.time >= series.last.time) series.last = newest;
      this.#add(series, { ...candle, minute: Math.floor(candle.time / MINUTE), openTime: candle.time });
    }
  }

  /** Stored minutes replace those that were made of ticks, some of which were missed. */
  refill(symbol: string, minutes: readonly Candle[]): void {
    const series = this.#series.get(symbol);
    if (series === undefined) return;
    const first = Math.floor(series.last.time / MINUTE) - WINDOW;
    const refilled = new Map(minutes.map((candle) => [Math.floor(candle.time / MINUTE), candle]));
    const kept = series.buckets.filter(({ minute }) => !refilled.has(minute));
    this.#buckets -= series.buckets.length;
    series.buckets = [];
    [series.volume, series.quoteVolume] = [ZERO, ZERO];
    [series.high, series.low] = [series.last.price, series.last.price];
    const added = [...refilled].map(([minute, candle]) => ({ ...candle, minute, openTime: candle.time }));
    const all = [...kept, ...added].filter(({ minute }) => minute > first);
    for (const bucket of all.sort((a, b) => a.minute - b.minute)) this.#add(series, bucket);
  }

  /** Adopts a ticker of another source unless this book knows a newer one: the mark must not go back. */
  adopt(ticker: TickerBody, price: Fixed): void {
    const time = Date.parse(ticker.time);
    const { symbol, exchange, feed, status, simulated } = ticker;
    const asOf = Date.parse(ticker.asOf);
    const known = this.#series.get(symbol);
    if (known === undefined ? !this.hasRoomFor(symbol) : time < known.last.time) return;
    this.follow({ symbol, price, quantity: null, time, asOf, exchange, feed, status, simulated });
  }

  /** Whether the price of a symbol is current is known anew. @returns whether that changes anything */
  judge(symbol: string, status: PriceStatus): boolean {
    const series = this.#series.get(symbol);
    if (series === undefined || series.last.status === status) return false;
    series.last = { ...series.last, status };
    return true;
  }

  /** Forgets everything: for a replay that starts over. */
  clear(): void {
    this.#series.clear();
    this.#buckets = 0;
  }

  #body(symbol: string, series: Series): TickerBody {
    const { time } = series.last;
    const begin = (Math.floor(time / MINUTE) - WINDOW + 1) * MINUTE;
    return { ...body(symbol, series), complete: this.#gaps.isWhole(symbol, begin, time + 1) };
  }

  #add(series: Series, added: Bucket): void {
    series.seen = Math.min(2, series.seen + (added.openTime === added.closeTime ? 1 : 2));
    const newest = Math.floor(series.last.time / MINUTE);
    if (added.minute <= newest - WINDOW) {
      if (series.before === null || added.closeTime >= series.before.time) {
        series.before = { price: added.close, time: added.closeTime };
      }
      return;
    }
    const { buckets } = series;
    let at = buckets.length;
    while (at > 0 && (buckets[at - 1]?.minute ?? 0) > added.minute) at -= 1;
    const bucket = buckets[at - 1];
    if (bucket !== undefined && bucket.minute === added.minute) {
      merge(bucket, added);
    } else {
      buckets.splice(at, 0, added);
      this.#buckets += 1;
    }
    series.volume += added.volume;
    series.quoteVolume += added.quoteVolume;
    const alone = bucket === undefined && buckets.length === 1;
    if (alone || added.high > series.high) series.high = added.high;
    if (alone || added.low < series.low) series.low = added.low;
    while ((buckets[0]?.minute ?? newest) <= newest - WINDOW) this.#expire(series);
    // Beyond the bound on memory the window gets shorter instead.
    if (this.#buckets > this.#maxBuckets && buckets.length > 1) this.#expire(series);
  }

  #expire(series: Series): void {
    const gone = series.buckets.shift();
    if (gone === undefined) return;
    this.#buckets -= 1;
    series.volume -= gone.volume;
    series.quoteVolume -= gone.quoteVolume;
    if (series.before === null || gone.closeTime >= series.before.time) {
      series.before = { price: gone.close, time: gone.closeTime };
    }
    const first = series.buckets[0];
    if (first === undefined) return;
    if (gone.high === series.high) {
      series.high = series.buckets.reduce(
        (high, { high: other }) => (other > high ? other : high),
        first.high,
      );
    }
    if (gone.low === series.low) {
      series.low = series.buckets.reduce((low, { low: other }) => (other < low ? other : low), first.low);
    }
  }
}

function lastOf({ price, time, asOf, exchange, feed, status, simulated }: LastPrice): LastPrice {
  return { price, time, asOf, exchange, feed, status, simulated };
}

function newSeries(first: LastPrice): Series {
  return {
    buckets: [],
    volume: ZERO,
    quoteVolume: ZERO,
    high: first.price,
    low: first.price,
    last: lastOf(first),
    before: null,
    seen: 0,
  };
}

function merge(bucket: Bucket, added: Bucket): void {
  if (added.openTime < bucket.openTime) {
    bucket.open = added.open;
    bucket.openTime = added.openTime;
  }
  if (added.closeTime >= bucket.closeTime) {
    bucket.close = added.close;
    bucket.closeTime = added.closeTime;
  }
  if (added.high > bucket.high) bucket.high = added.high;
  if (added.low < bucket.low) bucket.low = added.low;
  bucket.volume += added.volume;
  bucket.quoteVolume += added.quoteVolume;
}

function body(symbol: string, series: Series): Omit<TickerBody, 'complete'> {
  const { last, before, seen } = series;
  // The price 24 hours ago, or the oldest known since.
  const reference = before?.price ?? (seen > 1 ? (series.buckets[0]?.open ?? null) : null);
  const change = reference === null ? null : last.price - reference;
  return {
    symbol,
    price: decimal(last.price),
    change: decimalOrNull(change),
    changeRate: change === null || !reference ? null : decimal(round(div(change, reference), 8)),
    high: decimal(series.high),
    low: decimal(series.low),
    volume: decimal(series.volume),
    quoteVolume: decimal(series.quoteVolume),
    time: new Date(last.time).toISOString(),
    asOf: new Date(last.asOf).toISOString(),
    exchange: last.exchange,
    feed: last.feed,
    status: last.status,
    simulated: last.simulated,
  };
}
