import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { MarktideError, pause, waitOf } from 'marktide/client';
import type { Api, Portfolio } from '../api.ts';
import { waitingText } from '../text/problem-text.ts';

const CHOSEN = 'marktide.portfolio';
const PAGE = 1_000;
const WAITS = { random: Math.random, longestWaitMs: 30_000 };

/** The portfolios that the user may see, and the one that is shown. */
export class Portfolios {
  readonly #api: Api;
  readonly #all = signal<readonly Portfolio[] | null>(null);
  readonly #chosen = signal<Portfolio | null>(null);
  /** Why they are not there yet. */
  readonly #message = signal('');

  constructor(api: Api) {
    this.#api = api;
  }

  /** `null`: not known yet. */
  get all(): ReadonlySignal<readonly Portfolio[] | null> {
    return this.#all;
  }

  /** `null`: there is none. */
  get chosen(): ReadonlySignal<Portfolio | null> {
    return this.#chosen;
  }

  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** Loads them, however long the server takes to come up, and chooses that of the last visit. */
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
      this.#message.value = '';
      this.#all.value = items;
      this.choose(sessionStorage.getItem(CHOSEN) ?? localStorage.getItem(CHOSEN));
    });
  }

  /** The one with this id, or else the first. */
  choose(id: string | null): void {
    const all = this.#all.value ?? [];
    const portfolio = all.find((item) => item.id === id) ?? all[0] ?? null;
    // For this tab after a reload, and for the next one that is opened.
    if (portfolio !== null) this.remember(portfolio.id);
    this.#chosen.value = portfolio;
  }

  /** The one to be chosen when they are loaded the next time. */
  remember(id: string): void {
    for (const storage of [sessionStorage, localStorage]) storage.setItem(CHOSEN, id);
  }

  /** One that was just made or changed: shows it. */
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
}
