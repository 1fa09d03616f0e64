import type { Clock, Random } from '../../../lib/clock.ts';
import { decimal, fixed, toNumber, type Fixed } from '../../../lib/money/money.ts';
import type { Feed, FeedStatus, TickSink } from '../market-feed.ts';
import type { Tick } from '../tick.ts';
import type { FeedType } from './feed-type.ts';
import {
  gaussian,
  mulberry32,
  onStep,
  priceStep,
  SIMULATED_SYMBOLS,
  type SimulatedSymbol,
} from './simulated-market.ts';

interface Walk {
  config: SimulatedSymbol;
  home: Fixed;
  price: Fixed;
  /** The fraction of a step that the price still has to move. */
  debt: number;
}

const DAY_MS = 86_400_000;
const QUANTITY_UNIT = 10n ** 10n; // 8 decimals

export interface SimulatorOptions {
  clock: Clock;
  random: Random;
  /** The same seed makes the same market. */
  seed?: number | undefined;
  /** Milliseconds between two batches; default 250. */
  intervalMs?: number;
  lastPrice?: (symbol: string) => string | null;
}

export const simulator: FeedType<{ kind: 'simulator' }> = {
  kind: 'simulator',
  syntax: 'simulator',
  isCombinable: false,
  expectsTicks: true,
  parse: () => ({ kind: 'simulator' }),
  origin: () => ({ exchange: 'simulator', symbols: SIMULATED_SYMBOLS.map(({ symbol }) => symbol) }),
  open: (_, options) => new SimulatorFeed(options),
};

/**
 * A simulated market: a random walk per symbol in whole price steps, gently drawn back to where it began. Only the
 * number of steps and the size of a trade come from doubles; prices and quantities are integers of their unit.
 */
export class SimulatorFeed implements Feed {
  readonly #clock: Clock;
  readonly #draw: Random;
  readonly #intervalMs: number;
  readonly #walks: Walk[];
  #stop: (() => void) | null = null;
  #delivering: Promise<void> | null = null;
  #status: FeedStatus = { feed: 'simulator', state: 'starting', detail: null, lastTickAt: null, ticks: 0 };
  #tradeNumber = 0;

  constructor({ clock, random, seed, intervalMs = 250, lastPrice }: SimulatorOptions) {
    this.#clock = clock;
    this.#draw = mulberry32(seed ?? Math.floor(random() * 2 ** 32));
    this.#intervalMs = intervalMs;
    this.#walks = SIMULATED_SYMBOLS.map((config) => {
      const last = lastPrice?.(config.symbol) ?? null;
      const price = onStep(fixed(last ?? config.price));
      return { config, home: fixed(config.price), price, debt: 0 };
    });
  }

  start(sink: TickSink): void {
    this.#status.state = 'running';
    // Every symbol trades at once, so that a page has all prices from the first moment.
    this.#deliver(sink, this.#round(1));
    this.#stop = this.#clock.every(this.#intervalMs, () => this.#deliver(sink, this.#round(0.6)));
  }

  status(): FeedStatus {
    return { ...this.#status };
  }

  async close(): Promise<void> {
    this.#stop?.();
    this.#stop = null;
    this.#status.state = 'ended';
    await this.#delivering;
  }

  #round(probability: number): Tick[] {
    const ticks: Tick[] = [];
    for (const walk of this.#walks) {
      this.#walk(walk);
      if (this.#draw() < probability) ticks.push(this.#trade(walk));
    }
    return ticks;
  }

  #walk(walk: Walk): void {
    const step = priceStep(walk.price);
    const price = toNumber(walk.price);
    const perRound = walk.config.dailyVolatility * Math.sqrt(this.#intervalMs / DAY_MS);
    const pull = Math.log(toNumber(walk.home) / price) * (this.#intervalMs / DAY_MS);
    // Fractions of a step are carried over; otherwise a coin with a coarse step would never move.
    walk.debt += ((perRound * gaussian(this.#draw) + pull) * price) / toNumber(step);
    const steps = Math.trunc(walk.debt);
    walk.debt -= steps;
    const moved = onStep(walk.price + BigInt(steps) * step);
    if (moved > 0n) walk.price = moved;
  }

  #trade({ config, price }: Walk): Tick {
    // Log-normal: many small trades, few large ones; exp(σ²/2) keeps the mean.
    const value = config.meanValue * Math.exp(1.2 * gaussian(this.#draw) - 0.72);
    const units = BigInt(Math.max(1, Math.round((value / toNumber(price)) * 1e8)));
    this.#tradeNumber += 1;
    return {
      symbol: config.symbol,
      price: decimal(price),
      quantity: decimal(units * QUANTITY_UNIT),
      side: this.#draw() < 0.5 ? 'buy' : 'sell',
      time: this.#clock.now(),
      tradeId: String(this.#tradeNumber),
      exchange: 'simulator',
      simulated: true,
    };
  }

  #deliver(sink: TickSink, ticks: Tick[]): void {
    // A round that the log has no room for yet is dropped rather than queued: nobody misses a simulated tick.
    if (this.#delivering !== null || ticks.length === 0) return;
    this.#delivering = sink(ticks)
      .then(
        () => {
          this.#status.ticks += ticks.length;
          this.#status.lastTickAt = this.#clock.now();
          if (this.#status.state === 'retrying') this.#status.state = 'running';
          this.#status.detail = null;
        },
        (error: unknown) => {
          if (this.#status.state === 'running') this.#status.state = 'retrying';
          this.#status.detail = `ticks cannot be delivered: ${String(error)}`;
        },
      )
      .finally(() => {
        this.#delivering = null;
      });
  }
}
