import type { Clock } from '../../lib/clock.ts';
import { withDeadline } from '../../lib/async/deadline.ts';
import type { EquitySnapshot } from '../../db/history/equity-snapshots.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import type { SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { type Broker } from '../core/broker.ts';
import { portfolioLog } from '../channels/logs.ts';
import type { Figures } from './due-figures.ts';
import type { Leases } from '../core/lease.ts';
import { isLate } from '../market/market-tick.ts';
import type { Market } from '../market/market.ts';
import type { PortfolioValuation } from './portfolio-valuation.ts';
import { Projection, type Step } from './projection.ts';

export interface ProjectorOptions {
  broker: Broker;
  leases: Leases;
  market: Market;
  clock: Clock;
  logger: Logger;
  intervalMs: number;
  holdingsIntervalMs: number;
  value: (portfolioId: string) => Promise<PortfolioValuation | null>;
  /** Keeps what was published, at most once a minute for each portfolio, for the curve of the day. */
  keepEquity?: ((snapshots: readonly EquitySnapshot[]) => Promise<void>) | undefined;
  /** Ledger versions of the given portfolios. */
  versions: (portfolioIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

interface Watched {
  projection: Projection;
  watchers: number;
}

/** A projection that should have published and has not, for too long. */
export interface StalledProjection {
  portfolioId: string;
  step: Step;
  overdueMs: number;
}

/** How often the ledger versions of watched portfolios are compared, in case an announcement was missed. */
const CHECK_MS = 2_000;
/** A statement of a check that takes longer is abandoned, and the next check starts over. */
const STATEMENT_MS = 10_000;

/** Publishes the PnL of the portfolios that have readers on this node. */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #failures: RepeatedLog;
  readonly #watched = new Map<string, Watched>();
  /** Whose figures a symbol's price moves. */
  readonly #bySymbol = new Map<string, Set<Projection>>();
  #index: SymbolIndex | null = null;
  readonly #cancelCheck: () => void;
  readonly #stopFollowing: () => void;
  #checking: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor(options: ProjectorOptions) {
    this.#options = options;
    this.#failures = new RepeatedLog(options.logger, options.clock);
    this.#stopFollowing = options.market.onTick((record) => {
      const symbol = record.ticker?.symbol;
      if (symbol === undefined || isLate(record)) return;
      this.#marketMoved(symbol);
    });
    this.#cancelCheck = options.clock.every(CHECK_MS, () => {
      const now = options.clock.now();
      for (const { projection } of this.#watched.values()) projection.renew(now);
      this.#checking ??= this.#check().finally(() => {
        this.#checking = null;
      });
    });
  }

  /**
   * Keeps a portfolio's log up to date until the returned function is called, which must be called once. Resolves when
   * the log holds the current figures, or another node is responsible for it.
   * @param what with `holdings` those are published too
   * @throws DeadlineError when the figures do not come: nothing is watched then
   */
  async watch(portfolioId: string, what: Figures = 'totals'): Promise<() => Promise<void>> {
    this.#closing.signal.throwIfAborted();
    const watched = this.#watched.get(portfolioId) ?? this.#enter(portfolioId);
    const { projection } = watched;
    watched.watchers += 1;
    const stopHoldings = what === 'holdings' ? projection.wantHoldings() : null;
    const stop = async (): Promise<void> => {
      stopHoldings?.();
      watched.watchers -= 1;
      if (watched.watchers > 0) return;
      if (this.#watched.get(portfolioId) === watched) this.#watched.delete(portfolioId);
      await projection.close();
    };
    try {
      await projection.ready(what);
    } catch (error) {
      await stop();
      throw error;
    }
    return stop;
  }

  /** Values and publishes everything again: the database has gone back in time. */
  startOver(): void {
    for (const { projection } of this.#watched.values()) projection.ledgerMoved();
  }

  /** How many portfolios are watched here. */
  get size(): number {
    return this.#watched.size;
  }

  /** Projections that have owed a publish for longer than `ms`. */
  stalled(ms: number): StalledProjection[] {
    const found: StalledProjection[] = [];
    for (const [portfolioId, { projection }] of this.#watched) {
      const { overdueMs, step } = projection;
      if (overdueMs > ms) found.push({ portfolioId, step, overdueMs: Math.round(overdueMs) });
    }
    return found;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the projector is closed'));
    this.#stopFollowing();
    this.#cancelCheck();
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all([this.#checking, ...all.map(({ projection }) => projection.close())]);
  }

  #enter(portfolioId: string): Watched {
    const projection = new Projection({
      ...this.#options,
      failures: this.#failures,
      portfolioId,
      log: portfolioLog(portfolioId),
      leaseName: `projector:${portfolioId}`,
      follow: (follower, before, after) => this.#follow(follower, before, after),
    });
    const watched = { projection, watchers: 0 };
    this.#watched.set(portfolioId, watched);
    projection.start();
    return watched;
  }

  #marketMoved(symbol: string): void {
    const { index } = this.#options.market;
    if (index === this.#index) {
      for (const projection of this.#bySymbol.get(symbol) ?? []) projection.marketMoved();
      return;
    }
    // A new symbol may be a way of valuing anything.
    this.#index = index;
    for (const { projection } of this.#watched.values()) projection.marketMoved();
  }

  #follow(projection: Projection, before: ReadonlySet<string>, after: ReadonlySet<string>): void {
    for (const symbol of before) {
      if (after.has(symbol)) continue;
      const set = this.#bySymbol.get(symbol);
      set?.delete(projection);
      if (set?.size === 0) this.#bySymbol.delete(symbol);
    }
    for (const symbol of after) {
      const set = this.#bySymbol.get(symbol);
      if (set === undefined) this.#bySymbol.set(symbol, new Set([projection]));
      else set.add(projection);
    }
  }

  /** One statement for all of them. */
  async #keepEquity(): Promise<void> {
    const { keepEquity } = this.#options;
    if (keepEquity === undefined) return;
    const snapshots = [...this.#watched.values()].flatMap(({ projection }) => projection.takeEquity() ?? []);
    if (snapshots.length === 0) return;
    try {
      await this.#within(keepEquity(snapshots), 'keeping equity');
    } catch (error) {
      this.#failures.warn({ err: error }, 'could not save equity: the curve has a gap');
    }
  }

  async #check(): Promise<void> {
    const { versions } = this.#options;
    await this.#keepEquity();
    const ids = [...this.#watched.keys()];
    if (ids.length === 0) return;
    try {
      const found = await this.#within(versions(ids), 'reading ledger versions');
      for (const [id, version] of found) this.#watched.get(id)?.projection.compare(version);
    } catch (error) {
      this.#failures.warn({ err: error }, 'ledger versions could not be compared');
    }
  }

  #within<T>(task: Promise<T>, what: string): Promise<T> {
    const { clock } = this.#options;
    return withDeadline(task, { clock, ms: STATEMENT_MS, what, signal: this.#closing.signal });
  }
}
