import { backoff, pause } from '../../../lib/async/backoff.ts';
import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { FeedGap } from '../market-feed.ts';
import type { Exchange, WatchedTrade } from './ccxt-exchange.ts';
import { placeOf, tradesAfter } from './trade-history.ts';
import { isAfter, type LastTrade } from './trade-tape.ts';

/** How long it tries to get the missed trades. */
const REPAIR_MS = 120_000;
/**
 * Trades under way while a subscription began may be neither in it nor in the history yet, so the history is read
 * again.
 */
const AGAIN_MS = 5_000;

/** Trades that may be missing. */
export interface Missing {
  /** The last trade before them. */
  after: LastTrade;
  /** The time of the first trade after them; `null`: there is none yet. */
  until: number | null;
  /** The history was read, and again for what was under way meanwhile, and nothing is missing. */
  isRead?: boolean;
}

export interface TradeRepairOptions {
  exchange: Exchange;
  /** ccxt's name of the exchange. */
  id: string;
  /** By symbol; settled ones are deleted. */
  pending: Map<string, Missing>;
  /** Takes past trades, oldest first; known ones are ignored. */
  take: (symbol: string, trades: readonly WatchedTrade[]) => void;
  missed: (gap: FeedGap) => void;
  /** Everything that was missing for a symbol was taken, or reported as missed. */
  settled: (symbol: string) => void;
  clock: Clock;
  random: Random;
  log: Logger;
  signal: AbortSignal;
}

/** Gets the trades that a feed missed while it was disconnected, symbol by symbol, and reports what cannot be had. */
export class TradeRepair {
  readonly #options: TradeRepairOptions;
  readonly #queue: string[] = [];
  /** Symbols whose history is to be read again. */
  readonly #again = new Set<string>();
  #running: Promise<void> | null = null;

  constructor(options: TradeRepairOptions) {
    this.#options = options;
  }

  /** Repairs what is pending for these symbols. */
  want(symbols: Iterable<string>): void {
    for (const symbol of symbols) if (!this.#queue.includes(symbol)) this.#queue.push(symbol);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when there is nothing left to do. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted && this.#queue.length > 0) {
      await this.#repairAll();
      if (signal.aborted || this.#again.size === 0) continue;
      await pause(clock, AGAIN_MS, signal);
      for (const symbol of this.#again) if (!this.#queue.includes(symbol)) this.#queue.push(symbol);
      this.#again.clear();
    }
  }

  async #repairAll(): Promise<void> {
    const { clock, random, signal, log, id } = this.#options;
    const deadline = clock.monotonic() + REPAIR_MS;
    const retry = backoff(clock, random, { baseMs: 1_000, capMs: 15_000 });
    for (let symbol = this.#queue.shift(); symbol !== undefined; symbol = this.#queue.shift()) {
      if (signal.aborted) return;
      try {
        await this.#repair(symbol);
        retry.reset();
      } catch (error) {
        if (signal.aborted) return;
        log.debug({ err: error, exchange: id, symbol }, 'missed trades cannot be read, trying again');
        if (clock.monotonic() >= deadline) this.#giveUp(symbol);
        else {
          this.#queue.push(symbol);
          await retry.wait(signal);
        }
      }
    }
  }

  async #repair(symbol: string): Promise<void> {
    const { exchange, id, pending, take, missed, settled, clock, signal } = this.#options;
    const missing = pending.get(symbol);
    if (missing === undefined) return;
    const { after } = missing;
    const { trades, holes } = await tradesAfter(exchange, { id, symbol, after, now: clock.now() });
    if (signal.aborted) return;
    take(symbol, trades);
    for (const hole of holes) missed({ symbol, ...hole });
    // A hole that was found meanwhile is read separately.
    if (pending.get(symbol) !== missing) return;
    if (missing.isRead === true) {
      pending.delete(symbol);
      settled(symbol);
      return;
    }
    const last = trades.at(-1);
    const newest = last === undefined ? after : placeOf(last);
    pending.set(symbol, { ...missing, after: isAfter(newest, after) ? newest : after, isRead: true });
    this.#again.add(symbol);
  }

  #giveUp(symbol: string): void {
    const { pending, missed, settled, clock } = this.#options;
    const missing = pending.get(symbol);
    pending.delete(symbol);
    const gap = missing === undefined ? null : gapOf(symbol, missing, clock.now());
    if (gap !== null) missed(gap);
    settled(symbol);
  }
}

/** The missing range, as a gap; `null` if live trades follow without one. */
export function gapOf(symbol: string, { after, until }: Missing, now: number): FeedGap | null {
  if (until !== null && until <= after.time) return null;
  const from = after.time + 1;
  return { symbol, from, to: Math.max(until ?? now, from + 1) };
}
