import type { EquitySnapshot } from '../../db/history/equity-snapshots.ts';
import type { Clock } from '../../lib/clock.ts';
import { fixed } from '../../lib/money/money.ts';
import type { PnlBody } from '../../lib/schemas/pnl-schema.ts';

/** How often published equity is kept. */
const KEEP_MS = 60_000;

type Totals = Pick<PnlBody, 'equity' | 'netContributions'>;

/** What is kept of the published totals of one portfolio for the curve of the day: the newest, once a minute. */
export class EquitySampler {
  readonly #portfolioId: string;
  readonly #clock: Clock;
  #newest: { version: number; totals: Totals; time: number } | null = null;
  #keptAt = Number.NEGATIVE_INFINITY;

  constructor(portfolioId: string, clock: Clock) {
    this.#portfolioId = portfolioId;
    this.#clock = clock;
  }

  published(version: number, totals: Totals): void {
    this.#newest = { version, totals, time: this.#clock.now() };
  }

  /** @returns `null` when there is nothing to keep */
  take(): EquitySnapshot | null {
    const now = this.#clock.monotonic();
    if (this.#newest === null || now - this.#keptAt < KEEP_MS) return null;
    const { version, totals, time } = this.#newest;
    this.#newest = null;
    if (totals.equity === null || totals.netContributions === null) return null;
    this.#keptAt = now;
    const contributions = fixed(totals.netContributions);
    return { portfolioId: this.#portfolioId, version, time, equity: fixed(totals.equity), contributions };
  }
}
