import type { Clock } from '../../lib/clock.ts';
import type { EquitySnapshot } from '../../db/history/equity-snapshots.ts';
import type { Logger } from '../../lib/log.ts';
import type { SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import type { Broker } from '../core/broker.ts';
import type { Leases } from '../core/lease.ts';
import { isLate } from '../market/market-tick.ts';
import type { Market } from '../market/market.ts';
import type { PortfolioValuation } from './portfolio-valuation.ts';
import { Projection } from './projection.ts';

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
  started: Promise<void>;
  watchers: number;
}

/** How often the ledger versions of watched portfolios are compared: the net below the announcements. */
const CHECK_MS = 2_000;

/** Publishes the PnL of the portfolios somebody here watches. */
export class Projector {
  readonly #options: ProjectorOptions;
  readonly #watched = new Map<string, Watched>();
  /** Whose figures a symbol's price moves. */
  readonly #bySymbol = new Map<string, Set<Projection>>();
  #index: SymbolIndex | null = null;
  readonly #cancelCheck: () => void;
  readonly #stopFollowing: () => void;
  #checking: Promise<void> | null = null;

  constructor(options: ProjectorOptions) {
    this.#options = options;
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
   * Keeps a portfolio's log up to date until the returned function is called. Resolves when it is.
   * @param what with `holdings` those are published too
   */
  async watch(portfolioId: string, what: 'totals' | 'holdings' = 'totals'): Promise<() => Promise<void>> {
    let watched = this.#watched.get(portfolioId);
    if (watched === undefined) {
      const projection = new Projection({
        portfolioId,
        ...this.#options,
        follow: (follower, before, after) => this.#follow(follower, before, after),
      });
      watched = { projection, started: projection.start(), watchers: 0 };
      this.#watched.set(portfolioId, watched);
    }
    const mine = watched;
    mine.watchers += 1;
    await mine.started;
    const unwatchHoldings = what === 'holdings' ? await mine.projection.watchHoldings() : null;
    return async () => {
      unwatchHoldings?.();
      mine.watchers -= 1;
      if (mine.watchers > 0) return;
      if (this.#watched.get(portfolioId) === mine) this.#watched.delete(portfolioId);
      await mine.projection.close();
    };
  }

  async close(): Promise<void> {
    this.#stopFollowing();
    this.#cancelCheck();
    await this.#checking;
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(({ projection }) => projection.close()));
  }

  #marketMoved(symbol: string): void {
    const { index } = this.#options.market;
    if (index === this.#index) {
      for (const projection of this.#bySymbol.get(symbol) ?? []) projection.marketMoved();
      return;
    }
    // A symbol that was not there before may be a way of valuing anything.
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
    const { keepEquity, logger } = this.#options;
    if (keepEquity === undefined) return;
    const snapshots = [...this.#watched.values()].flatMap(({ projection }) => projection.takeEquity() ?? []);
    if (snapshots.length === 0) return;
    try {
      await keepEquity(snapshots);
    } catch (error) {
      logger.warn({ err: error }, 'equity could not be kept: the curve has a gap');
    }
  }

  async #check(): Promise<void> {
    const { versions, logger } = this.#options;
    await this.#keepEquity();
    const ids = [...this.#watched.keys()];
    if (ids.length === 0) return;
    try {
      const found = await versions(ids);
      for (const [id, version] of found) {
        const projection = this.#watched.get(id)?.projection;
        if (projection?.version !== undefined && projection.version !== version) projection.ledgerMoved();
      }
    } catch (error) {
      logger.warn({ err: error }, 'ledger versions could not be compared');
    }
  }
}
