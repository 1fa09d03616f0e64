import { encodeRecord } from '../channels/record-codec.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PnlBody } from '../../lib/schemas/pnl-schema.ts';
import type { Payload } from '../core/broker.ts';

export type Figures = 'totals' | 'holdings';

/** The part of a `PortfolioValuation` that a projection needs. It publishes all of the totals. */
export interface ProjectedValuation {
  version: number;
  validUntil: number;
  symbols(): ReadonlySet<string>;
  mark(): ProjectedFigures;
}

export interface ProjectedFigures {
  pnl: Pick<PnlBody, 'portfolioId' | 'asOf' | 'position' | 'equity' | 'netContributions'>;
  holdings: () => readonly unknown[];
}

export interface DueFiguresOptions {
  clock: Clock;
  intervalMs: number;
  holdingsIntervalMs: number;
  /** Whether the holdings have readers. Without them they are never due. */
  areHoldingsWanted: () => boolean;
}

/** Which figures of a portfolio have moved since they were published, and when they are due again. Times: monotonic. */
export class DueFigures {
  readonly #options: DueFiguresOptions;
  #dirty = { totals: true, holdings: true };
  readonly #takenAt = { totals: Number.NEGATIVE_INFINITY, holdings: Number.NEGATIVE_INFINITY };
  /** How often each was published. */
  readonly publishes = { totals: 0, holdings: 0 };
  #publishedAt = Number.NEGATIVE_INFINITY;
  /** Since when the totals have been owed; `null`: they are not. */
  #owedSince: number | null;

  constructor(options: DueFiguresOptions) {
    this.#options = options;
    this.#owedSince = options.clock.monotonic();
  }

  /** Whether totals wait to be published. */
  get isDirty(): boolean {
    return this.#dirty.totals;
  }

  moved(): void {
    this.#dirty = { totals: true, holdings: true };
    this.#owedSince ??= this.#options.clock.monotonic();
  }

  holdingsMoved(): void {
    this.#dirty.holdings = true;
  }

  /** Another node publishes, or there is nothing to publish. */
  clear(): void {
    this.#owedSince = null;
    this.#dirty = { totals: false, holdings: false };
  }

  /** How long unpublished totals have been due. */
  get overdueMs(): number {
    if (this.#owedSince === null) return 0;
    const dueSince = Math.max(this.#owedSince, this.#publishedAt + this.#options.intervalMs);
    return Math.max(0, this.#options.clock.monotonic() - dueSince);
  }

  /** Milliseconds until something is due, 0 if it is; `null`: nothing has changed that has readers. */
  get dueInMs(): number | null {
    if (this.#dirty.totals) return this.#untilTotals();
    return this.#dirty.holdings && this.#options.areHoldingsWanted() ? this.#untilHoldings() : null;
  }

  /** Whether there is anything to take. */
  get isDue(): boolean {
    return this.#dirty.totals || this.#areHoldingsDue;
  }

  /** What to publish now, all at one mark, so that totals and holdings of one publish agree. */
  take({ pnl, holdings }: ProjectedFigures): { payloads: Payload[]; figures: Figures[] } {
    const payloads: Payload[] = [];
    const figures: Figures[] = [];
    if (this.#dirty.totals) {
      payloads.push({ key: 'pnl', data: encodeRecord({ type: 'pnl', body: pnl }) });
      figures.push('totals');
    }
    if (this.#areHoldingsDue) {
      const { portfolioId, asOf, position } = pnl;
      const body = { portfolioId, asOf, position, items: holdings() };
      payloads.push({ key: 'holdings', data: encodeRecord({ type: 'holdings', body }) });
      figures.push('holdings');
    }
    for (const each of figures) {
      this.#dirty[each] = false;
      this.#takenAt[each] = this.#options.clock.monotonic();
    }
    return { payloads, figures };
  }

  /** Whether holdings were published too recently to be due again. */
  get areHoldingsFresh(): boolean {
    return this.publishes.holdings > 0 && this.#untilHoldings() > 0;
  }

  /** What was taken is now in the log. What has moved meanwhile is owed from now on. */
  published(figures: readonly Figures[]): void {
    for (const each of figures) this.publishes[each] += 1;
    this.#publishedAt = this.#options.clock.monotonic();
    this.#owedSince = this.#dirty.totals ? this.#publishedAt : null;
  }

  get #areHoldingsDue(): boolean {
    return this.#dirty.holdings && this.#options.areHoldingsWanted() && this.#untilHoldings() <= 0;
  }

  #untilTotals(): number {
    return Math.max(0, this.#takenAt.totals + this.#options.intervalMs - this.#options.clock.monotonic());
  }

  #untilHoldings(): number {
    const { clock, holdingsIntervalMs } = this.#options;
    return Math.max(0, this.#takenAt.holdings + holdingsIntervalMs - clock.monotonic());
  }
}
