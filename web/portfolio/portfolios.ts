import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { MarktideError, pause, waitOf } from 'marktide/client';
import { type Api, BASE_PATH, type Portfolio } from '../api.ts';
import { place } from '../page/route.ts';
import { waitingText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';

const CHOSEN = `marktide.portfolio${BASE_PATH}`;
const PAGE = 1_000;
const WAITS = { random: Math.random, longestWaitMs: 30_000 };

/** The portfolio in the address. */
export function portfolioOfPlace(): string | null {
  const at = place.peek();
  return 'portfolioId' in at ? at.portfolioId : null;
}

/** The portfolios that the user may see, and the current one. */
export class Portfolios {
  readonly #api: Api;
  readonly #all = signal<readonly Portfolio[] | null>(null);
  readonly #chosen = signal<Portfolio | null>(null);
  /** Why they are not loaded yet. */
  readonly #message = signal('');

  constructor(api: Api) {
    this.#api = api;
  }

  /** `null` if not known yet. */
  get all(): ReadonlySignal<readonly Portfolio[] | null> {
    return this.#all;
  }

  /** `null` if there is none. */
  get chosen(): ReadonlySignal<Portfolio | null> {
    return this.#chosen;
  }

  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** Loads them, however long the server takes to start, and chooses the one of the last visit. */
  async load(life: AbortSignal): Promise<void> {
    for (let attempt = 1; !life.aborted; attempt += 1) {
      const failure = await this.#load(life).catch((error: unknown) => error);
      if (failure === undefined || life.aborted) return;
      if (failure instanceof MarktideError && failure.status === 401) return;
      this.#message.value = waitingText(failure);
      const cause = failure instanceof Error ? failure : null;
      await pause(waitOf({ attempt, retryMs: 1_000, cause }, WAITS), life);
    }
  }

  async #load(life: AbortSignal): Promise<void> {
    const { items } = await this.#api.listPortfolios({ query: { limit: PAGE } }, { signal: life });
    if (life.aborted) return;
    batch(() => {
      this.#all.value = items;
      const asked = portfolioOfPlace();
      const isThere = asked === null || items.some(({ id }) => id === asked);
      this.#message.value = isThere ? '' : text('portfolioMissing');
      this.choose((isThere ? asked : null) ?? sessionStorage.getItem(CHOSEN) ?? localStorage.getItem(CHOSEN));
    });
  }

  /** Chooses the portfolio with this id, or else the first. */
  choose(id: string | null): void {
    const all = this.#all.value ?? [];
    const portfolio = all.find((item) => item.id === id) ?? all[0] ?? null;
    // For this tab after a reload, and for the next new tab.
    if (portfolio !== null) {
      for (const storage of [sessionStorage, localStorage]) storage.setItem(CHOSEN, portfolio.id);
    }
    this.#chosen.value = portfolio;
  }

  /** Chooses a portfolio through a link or the chooser. */
  visit(id: string): void {
    if (id === this.#chosen.value?.id) return;
    batch(() => {
      const isThere = (this.#all.value ?? []).some((each) => each.id === id);
      this.#message.value = isThere ? '' : text('portfolioMissing');
      if (isThere) this.choose(id);
    });
  }

  /** Shows a portfolio that was just created or changed. */
  put(portfolio: Portfolio): void {
    const all = this.#all.value ?? [];
    const isKnown = all.some(({ id }) => id === portfolio.id);
    batch(() => {
      this.#all.value = isKnown
        ? all.map((each) => (each.id === portfolio.id ? portfolio : each))
        : [...all, portfolio];
      this.choose(portfolio.id);
    });
  }

  /** Removes a portfolio that was just deleted, and shows another one. */
  drop(id: string): void {
    batch(() => {
      this.#all.value = (this.#all.value ?? []).filter((each) => each.id !== id);
      if (this.#chosen.value?.id === id) this.choose(null);
    });
  }
}
