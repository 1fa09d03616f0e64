import type { Clock } from '../../lib/clock.ts';

/** A server that loses commits in a crash loses those of its last second only. */
const KEPT_MS = 10_000;
const MAX_PORTFOLIOS = 1_000;

/** The versions of ledgers that this node published within the last moments. */
export class RecentVersions {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #found = new Map<string, { version: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(portfolioId: string, version: number): void {
    const now = this.#clock.monotonic();
    this.#found.delete(portfolioId);
    this.#found.set(portfolioId, { version, at: now });
    for (const [id, { at }] of this.#found) {
      if (this.#found.size <= MAX_PORTFOLIOS && now - at <= KEPT_MS) break;
      this.#found.delete(id);
    }
  }

  all(): ReadonlyMap<string, number> {
    return new Map([...this.#found].map(([id, { version }]) => [id, version]));
  }

  clear(): void {
    this.#found.clear();
  }
}
