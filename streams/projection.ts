import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { type Broker, FencedError, type LogEvent, portfolioLog, type Subscription } from './broker.ts';
import type { Lease, Leases } from './lease.ts';
import type { PortfolioValuation } from './portfolio-valuation.ts';

export interface ProjectionOptions {
  portfolioId: string;
  broker: Broker;
  leases: Leases;
  clock: Clock;
  logger: Logger;
  intervalMs: number;
  value: (portfolioId: string) => Promise<PortfolioValuation | null>;
}

/** How often a standby asks for the lease, and a holder whose last attempt failed tries again. */
const RETRY_MS = 1_000;

/**
 * One watched portfolio on this node. Whoever holds the portfolio's lease is the only one to publish its PnL; another
 * node that watches it too stands by. Publishes when a tick or the ledger moves a figure, at most once an interval.
 */
export class Projection {
  readonly #options: ProjectionOptions;
  readonly #log: string;
  #valuation: PortfolioValuation | null = null;
  #lease: Lease | null = null;
  #subscription: Subscription | null = null;
  /** The ledger has moved since the valuation was loaded. */
  #stale = true;
  #dirty = true;
  #running: Promise<void> | null = null;
  #publishedAt = Number.NEGATIVE_INFINITY;
  #cancelNext: (() => void) | null = null;
  #closed = false;

  constructor(options: ProjectionOptions) {
    this.#options = options;
    this.#log = portfolioLog(options.portfolioId);
  }

  /** Resolves when the log holds the current state, or another node sees to it; at the latest after one attempt. */
  async start(): Promise<void> {
    try {
      this.#subscription = await this.#options.broker.subscribe(this.#log, {
        events: (_epoch, events) => {
          if (events.some(movesLedger)) this.ledgerMoved();
        },
        // The ring is new or has a gap: what it should hold is published anew.
        reset: () => this.ledgerMoved(),
        condition: (state) => {
          if (state === 'back') this.ledgerMoved();
        },
      });
    } catch (error) {
      this.#options.logger.warn({ err: error, log: this.#log }, 'a portfolio log cannot be followed');
      this.#later(RETRY_MS);
      return;
    }
    await this.#run();
  }

  /** The ledger version last published, for the check against the database. */
  get version(): number | null {
    return this.#valuation?.version ?? null;
  }

  marketMoved(symbol: string): void {
    if (this.#dirty || this.#valuation?.isMovedBy(symbol) !== true) return;
    this.#dirty = true;
    this.#schedule();
  }

  ledgerMoved(): void {
    this.#stale = true;
    this.#dirty = true;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelNext?.();
    await this.#running;
    await this.#subscription?.close();
    await this.#lease?.release();
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options;
    this.#later(Math.max(0, this.#publishedAt + intervalMs - clock.monotonic()));
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#cancelNext ??= this.#options.clock.after(ms, () => {
      this.#cancelNext = null;
      void this.#run();
    });
  }

  #run(): Promise<void> {
    this.#running ??= this.#attempt().finally(() => {
      this.#running = null;
      if (this.#lease !== null && this.#dirty) this.#schedule();
    });
    return this.#running;
  }

  async #attempt(): Promise<void> {
    if (this.#closed) return;
    const { logger, clock, leases, broker, portfolioId, value } = this.#options;
    try {
      if (this.#subscription === null) return await this.#subscribeAgain();
      if (this.#lease === null || this.#lease.signal.aborted) {
        this.#stale = true;
        this.#lease = await leases.acquire(`projector:${portfolioId}`);
        if (this.#lease === null) return this.#later(RETRY_MS);
      }
      if (this.#stale || this.#valuation === null) {
        this.#stale = false;
        this.#valuation = await value(portfolioId);
      }
      if (this.#valuation === null) return;
      this.#dirty = false;
      const { pnl } = this.#valuation.mark();
      this.#publishedAt = clock.monotonic();
      const data = JSON.stringify({ type: 'pnl', body: pnl });
      await broker.publish(this.#log, [{ key: 'pnl', data }], { fence: this.#lease.fence });
    } catch (error) {
      this.#dirty = true;
      this.#stale = true;
      this.#publishedAt = clock.monotonic() + RETRY_MS - this.#options.intervalMs;
      if (error instanceof FencedError) {
        await this.#lease?.release().catch(() => undefined);
        this.#lease = null;
      } else {
        logger.warn({ err: error, log: this.#log }, 'PnL could not be published, trying again');
      }
      this.#later(RETRY_MS);
    }
  }

  async #subscribeAgain(): Promise<void> {
    // `start` runs the first publish itself; it must not wait for the run it is called from.
    this.#running = null;
    await this.start();
  }
}

function movesLedger(event: LogEvent): boolean {
  // Written by `announce`: looking at the beginning spares parsing every PnL event that this node made itself.
  return event.data.startsWith('{"type":"fill"') || event.data.startsWith('{"type":"transfer"');
}
