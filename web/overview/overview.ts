import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { isFinal } from 'marktide/client';
import type { Api, Pnl } from '../api.ts';

const EVERY_MS = 30_000;
/** The maximum number of portfolios whose totals are polled. */
const MOST = 100;

/**
 * The totals of all portfolios. The stream carries some of them; the others are polled one after the other
 * while the page is visible.
 */
export class Overview {
  readonly #api: Api;
  readonly #totals = new Map<string, Signal<Pnl | null>>();
  readonly #asked = signal<readonly string[]>([]);
  #life = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isAsking = false;

  constructor(api: Api) {
    this.#api = api;
  }

  /** `null` if not known yet. */
  of(portfolioId: string): ReadonlySignal<Pnl | null> {
    return this.#put(portfolioId);
  }

  /** Portfolios whose totals are not live. */
  get asked(): ReadonlySignal<readonly string[]> {
    return this.#asked;
  }

  put(pnl: Pnl): void {
    this.#put(pnl.portfolioId).value = pnl;
  }

  /** Sets the portfolios to poll. */
  ask(portfolioIds: readonly string[]): void {
    const ids = portfolioIds.slice(0, MOST);
    if (ids.join() === this.#asked.peek().join()) return;
    this.#stop();
    this.#asked.value = ids;
    if (ids.length === 0) return;
    this.#life = new AbortController();
    this.#timer = setInterval(() => void this.#askAll(), EVERY_MS);
    void this.#askAll();
  }

  close(): void {
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#life.abort();
    this.#isAsking = false;
  }

  async #askAll(): Promise<void> {
    if (this.#isAsking || document.hidden) return;
    this.#isAsking = true;
    const { signal: life } = this.#life;
    for (const portfolioId of this.#asked.peek()) {
      try {
        this.put(await this.#api.getPnl({ path: { portfolioId } }, { signal: life }));
      } catch (error) {
        // The next round retries. The time beside the figures shows how old they are.
        if (!isFinal(error)) break;
      }
      if (life.aborted) return;
    }
    this.#isAsking = false;
  }

  #put(portfolioId: string): Signal<Pnl | null> {
    const known = this.#totals.get(portfolioId);
    if (known !== undefined) return known;
    const made = signal<Pnl | null>(null);
    this.#totals.set(portfolioId, made);
    return made;
  }
}
