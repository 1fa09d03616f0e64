import type { EquitySnapshot } from '../../db/history/equity-snapshots.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { fixed } from '../../lib/money/money.ts';
import type { PnlBody } from '../../lib/pnl/valuation/snapshot.ts';
import {
  type Broker,
  FencedError,
  type LogEvent,
  type Payload,
  portfolioLog,
  type Subscription,
} from '../core/broker.ts';
import type { Lease, Leases } from '../core/lease.ts';
import type { PortfolioValuation } from './portfolio-valuation.ts';
import type { PortfolioRecord } from '../channels/record.ts';

export interface ProjectionOptions {
  portfolioId: string;
  broker: Broker;
  leases: Leases;
  clock: Clock;
  logger: Logger;
  intervalMs: number;
  holdingsIntervalMs: number;
  value: (portfolioId: string) => Promise<PortfolioValuation | null>;
  /** Told which symbols' prices the projection wants to hear of. */
  follow: (projection: Projection, before: ReadonlySet<string>, after: ReadonlySet<string>) => void;
}

/** How often a standby asks for the lease, and a holder whose last attempt failed tries again. */
const RETRY_MS = 1_000;

/** How often the equity published is kept. */
const KEEP_MS = 60_000;
const NO_SYMBOLS: ReadonlySet<string> = new Set();

/** How often a node tells that it watches the holdings, and how long the projector remembers that. */
const INTEREST_MS = 5_000;
const INTEREST_MEMORY_MS = 15_000;

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
  #holdingsDirty = true;
  #holdingsAt = Number.NEGATIVE_INFINITY;
  /** Watchers of the holdings on this node. */
  #holdingsWatchers = 0;
  /** Until when, by the monotonic clock, another node has asked for the holdings. */
  #holdingsWantedUntil = Number.NEGATIVE_INFINITY;
  #cancelInterest: (() => void) | null = null;
  #symbols = NO_SYMBOLS;
  #published: { version: number; pnl: PnlBody; time: number } | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;

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
          if (events.some(asksForHoldings)) this.#wantHoldings();
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

  /** The holdings are published too until the returned function is called. Resolves as `start` does. */
  async watchHoldings(): Promise<() => void> {
    this.#holdingsWatchers += 1;
    this.#holdingsDirty = true;
    await this.#running;
    await this.#run();
    if (this.#lease === null) await this.#tellInterest();
    this.#cancelInterest ??= this.#options.clock.every(INTEREST_MS, () => {
      if (this.#lease === null) void this.#tellInterest();
    });
    return () => {
      this.#holdingsWatchers -= 1;
      if (this.#holdingsWatchers > 0) return;
      this.#cancelInterest?.();
      this.#cancelInterest = null;
    };
  }

  /** The ledger version last published, for the check against the database. */
  get version(): number | null {
    return this.#valuation?.version ?? null;
  }

  /** One of the prices followed has moved. */
  marketMoved(): void {
    if (this.#dirty || this.#valuation === null) return;
    this.#dirty = true;
    this.#holdingsDirty = true;
    this.#schedule();
  }

  ledgerMoved(): void {
    this.#stale = true;
    this.#dirty = true;
    this.#holdingsDirty = true;
    this.#schedule();
  }

  /** Midnight has passed, or the day's start may be known better by now. */
  renew(now: number): void {
    if (this.#lease !== null && this.#valuation !== null && now >= this.#valuation.validUntil)
      this.ledgerMoved();
  }

  /** What was published last, once a minute; `null` when there is nothing to keep. */
  takeEquity(): EquitySnapshot | null {
    const { clock, portfolioId } = this.#options;
    const now = clock.monotonic();
    if (this.#published === null || now - this.#keptAt < KEEP_MS) return null;
    const { version, pnl, time } = this.#published;
    this.#published = null;
    if (pnl.equity === null || pnl.netContributions === null) return null;
    this.#keptAt = now;
    const equity = fixed(pnl.equity);
    return { portfolioId, version, time, equity, contributions: fixed(pnl.netContributions) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#follow(NO_SYMBOLS);
    this.#cancelNext?.();
    this.#cancelInterest?.();
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
      if (this.#lease === null) return;
      if (this.#dirty) this.#schedule();
      else if (this.#holdingsDirty && this.#holdingsWanted()) this.#later(this.#untilHoldings());
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
        // Another change may have asked for this while the last valuation was on its way to be published, which has
        // then taken the asking for its own: what is new must be told whoever asked.
        this.#dirty = true;
        this.#holdingsDirty = true;
      }
      if (this.#valuation === null) return;
      const payloads = this.#payloads(this.#valuation);
      if (payloads.length === 0) return;
      await broker.publish(this.#log, payloads, { fence: this.#lease.fence });
    } catch (error) {
      this.#dirty = true;
      this.#holdingsDirty = true;
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

  /** What is due: one mark for all of it, so that totals and holdings of one publish agree. */
  #payloads(valuation: PortfolioValuation): Payload[] {
    const now = this.#options.clock.monotonic();
    const withPnl = this.#dirty;
    const withHoldings = this.#holdingsDirty && this.#holdingsWanted() && this.#untilHoldings() <= 0;
    if (!withPnl && !withHoldings) return [];
    const { pnl, holdings } = valuation.mark();
    this.#follow(valuation.symbols());
    const payloads: Payload[] = [];
    if (withPnl) {
      this.#dirty = false;
      this.#publishedAt = now;
      this.#published = { version: valuation.version, pnl, time: this.#options.clock.now() };
      payloads.push({ key: 'pnl', data: JSON.stringify({ type: 'pnl', body: pnl }) });
    }
    if (withHoldings) {
      this.#holdingsDirty = false;
      this.#holdingsAt = now;
      const { portfolioId, asOf, position } = pnl;
      const body = { portfolioId, asOf, position, items: holdings() };
      payloads.push({ key: 'holdings', data: JSON.stringify({ type: 'holdings', body }) });
    }
    return payloads;
  }

  #follow(symbols: ReadonlySet<string>): void {
    if (symbols === this.#symbols || (this.#closed && symbols !== NO_SYMBOLS)) return;
    this.#options.follow(this, this.#symbols, symbols);
    this.#symbols = symbols;
  }

  #holdingsWanted(): boolean {
    return this.#holdingsWatchers > 0 || this.#options.clock.monotonic() < this.#holdingsWantedUntil;
  }

  #untilHoldings(): number {
    return Math.max(0, this.#holdingsAt + this.#options.holdingsIntervalMs - this.#options.clock.monotonic());
  }

  #wantHoldings(): void {
    const wanted = this.#holdingsWanted();
    this.#holdingsWantedUntil = this.#options.clock.monotonic() + INTEREST_MEMORY_MS;
    if (!wanted && this.#holdingsDirty) this.#later(this.#untilHoldings());
  }

  async #tellInterest(): Promise<void> {
    try {
      await this.#options.broker.publish(this.#log, [{ data: INTEREST }]);
    } catch (error) {
      this.#options.logger.warn({ err: error, log: this.#log }, 'interest in holdings could not be told');
    }
  }

  async #subscribeAgain(): Promise<void> {
    // `start` runs the first publish itself; it must not wait for the run it is called from.
    this.#running = null;
    await this.start();
  }
}

const INTEREST = JSON.stringify({ type: 'interest', in: 'holdings' } satisfies PortfolioRecord);

function asksForHoldings(event: LogEvent): boolean {
  return event.data === INTEREST;
}

function movesLedger(event: LogEvent): boolean {
  // Written by `announce`: looking at the beginning spares parsing every PnL event that this node made itself.
  return event.data.startsWith('{"type":"fill"') || event.data.startsWith('{"type":"transfer"');
}
