import { DAY_MS } from '../../../lib/candle-interval.ts';
import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { FeedDoubts, FeedGap } from '../market-feed.ts';
import type { Exchange, WatchedTrade } from './ccxt-exchange.ts';
import { hasConsecutiveIds, placeOf } from './trade-history.ts';
import { gapOf, type Missing, TradeRepair } from './trade-repair.ts';
import { isHole, type LastTrade, TradeTape } from './trade-tape.ts';

export interface MissedTradesOptions {
  /** ccxt's name of the exchange. */
  id: string;
  /** The last known trade of a symbol. Default: none. */
  lastTrade?: ((symbol: string, exchange: string) => LastTrade | null) | undefined;
  /** Takes past trades, oldest first. */
  take: (symbol: string, trades: readonly WatchedTrade[]) => void;
  /** Called for trades that cannot be had. */
  missed: (gap: FeedGap) => void;
  /** Called when everything that was missing for a symbol was taken, or reported as missed. */
  settled: (symbol: string) => void;
  doubts: FeedDoubts;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Which trades a live feed has taken, which may be missing, and reading these from the exchange's history. */
export class MissedTrades {
  readonly #options: MissedTradesOptions;
  readonly #tapes = new Map<string, TradeTape>();
  /** Trades that may be missing, by symbol. */
  readonly #missing = new Map<string, Missing>();
  /** By symbol, what live trades wait for. */
  readonly #holds = new Map<string, Promise<void>>();
  /** While the feed is connected. */
  #repair: TradeRepair | null = null;

  constructor(options: MissedTradesOptions) {
    this.#options = options;
  }

  /** A new connection: whatever has happened since the last known trade is missing. */
  connecting(exchange: Exchange, symbols: readonly string[], signal: AbortSignal): void {
    const { id, take, missed, settled, clock, random, log } = this.#options;
    for (const symbol of symbols) {
      const before = this.#missing.get(symbol);
      const after = before === undefined || before.isRead === true ? this.#tapeOf(symbol).last : before.after;
      if (after !== null) this.#missing.set(symbol, { after, until: null });
    }
    this.#repair = new TradeRepair({
      exchange,
      id,
      pending: this.#missing,
      take,
      missed,
      settled: (symbol) => {
        this.#tapeOf(symbol).settle();
        settled(symbol);
      },
      clock,
      random,
      log,
      signal,
    });
  }

  /** Live trades arrive from now on, so the history can be read up to them. */
  connected(symbols: readonly string[]): void {
    this.#repair?.want(symbols.filter((symbol) => this.#missing.has(symbol)));
  }

  disconnected(): void {
    this.#repair = null;
  }

  /** Symbols are watched as well, on the same connection. */
  added(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const { last } = this.#tapeOf(symbol);
      if (last !== null) this.#missing.set(symbol, { after: last, until: null });
    }
    this.connected(symbols);
  }

  /** The newest trade of a symbol that was taken. */
  lastOf(symbol: string): LastTrade | null {
    return this.#tapeOf(symbol).last;
  }

  /** @returns whether the trade is new */
  take(symbol: string, trade: WatchedTrade): boolean {
    return this.#tapeOf(symbol).take(placeOf(trade));
  }

  /** Compares a new live trade with the one before it: it may end what is missing, or show that something is. */
  live(symbol: string, trade: WatchedTrade, before: LastTrade | null): void {
    const place = placeOf(trade);
    const missing = this.#missing.get(symbol);
    const isHoled = before !== null && hasConsecutiveIds(this.#options.id) && isHole(before, place);
    if (isHoled && (missing === undefined || missing.isRead === true)) {
      this.#missing.set(symbol, { after: before, until: place.time });
      this.#repair?.want([symbol]);
    } else if (missing === undefined || missing.until !== null) return;
    else missing.until = place.time;
    const gap = gapOf(symbol, this.#missing.get(symbol) ?? { after: place, until: null }, place.time);
    if (gap !== null) this.#doubt(gap);
  }

  /** Resolves when live trades of a symbol may be delivered. */
  async untilDeliverable(symbol: string): Promise<void> {
    await this.#holds.get(symbol);
  }

  /** What has not been repaired by now never will be: the next run starts from later trades and would not look for it. */
  close(): void {
    const { clock, missed, doubts } = this.#options;
    for (const [symbol, missing] of this.#missing) {
      if (missing.until === null) continue;
      const gap = missing.isRead === true ? null : gapOf(symbol, missing, clock.now());
      if (gap !== null) missed(gap);
      doubts.settle(symbol);
    }
    this.#missing.clear();
  }

  /** For a symbol without a past, the whole window of its 24-hour figures is missing. */
  #tapeOf(symbol: string): TradeTape {
    const { id, lastTrade, missed, doubts, clock } = this.#options;
    let tape = this.#tapes.get(symbol);
    if (tape === undefined) {
      const last = lastTrade?.(symbol, id) ?? null;
      this.#tapes.set(symbol, (tape = new TradeTape(last)));
      const to = clock.now();
      if (last === null) {
        const gap = { symbol, from: to - DAY_MS, to };
        this.#doubt(gap);
        missed(gap);
        doubts.settle(symbol);
      }
    }
    return tape;
  }

  /** A live trade hides what is missing before it, so it waits until that is stored. */
  #doubt(gap: FeedGap): void {
    const { symbol } = gap;
    const hold = this.#options.doubts.open(gap).finally(() => {
      if (this.#holds.get(symbol) === hold) this.#holds.delete(symbol);
    });
    this.#holds.set(symbol, hold);
  }
}
