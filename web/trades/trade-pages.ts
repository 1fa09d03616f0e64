import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Api } from '../api.ts';
import { Query } from '../live/query.ts';
import { language } from '../page/locale.ts';
import { Sorting } from '../table/sorting.ts';

export const PAGE = 25;
const DAY_MS = 86_400_000;

export interface TradeFilter {
  q: string;
  asset: string;
  side: '' | 'buy' | 'sell';
  /** Calendar dates, both inclusive; `''`: open. */
  from: string;
  to: string;
}

const NO_FILTER: TradeFilter = { q: '', asset: '', side: '', from: '', to: '' };

type Answer = Awaited<ReturnType<Api['listTrades']>>;

/** The trades of a portfolio: filtered, searched, sorted and in pages, all by the server. */
export class TradePages {
  readonly #api: Api;
  readonly #portfolioId: string;
  readonly #query = new Query<Answer>();
  readonly sorting = new Sorting<'time' | 'symbol' | 'value' | 'fee' | 'pnl'>({
    key: 'time',
    isDescending: true,
  });
  readonly filter: Signal<TradeFilter> = signal(NO_FILTER);
  /** The cursors of the pages up to this one; the first has none. */
  readonly #cursors = signal<readonly (string | null)[]>([null]);

  constructor(api: Api, portfolioId: string) {
    this.#api = api;
    this.#portfolioId = portfolioId;
  }

  get query(): Pick<Query<Answer>, 'answer' | 'error' | 'isBusy'> {
    return this.#query;
  }

  get cursors(): ReadonlySignal<readonly (string | null)[]> {
    return this.#cursors;
  }

  get isFiltered(): boolean {
    return Object.values(this.filter.value).some((value) => value !== '');
  }

  /** Another filter or order: from the first page. */
  start(): void {
    this.#cursors.value = [null];
    this.#open();
  }

  turn(by: -1 | 1): void {
    const next = this.#query.answer.peek()?.nextCursor ?? null;
    const cursors = this.#cursors.peek();
    if (by > 0 && next !== null) this.#cursors.value = [...cursors, next];
    if (by < 0 && cursors.length > 1) this.#cursors.value = cursors.slice(0, -1);
    this.#open();
  }

  clear(): void {
    this.filter.value = NO_FILTER;
    this.start();
  }

  /** The ledger has changed, or there was an outage. */
  poke(): void {
    this.#query.poke();
  }

  stop(): void {
    this.#query.stop();
  }

  /** Where the trades that are shown can be downloaded. */
  get csvUrl(): string {
    const { order, sort } = this.#order();
    const asked = { ...this.#asked(), sort, order, lang: language, bom: 'true' };
    return `/v1/portfolios/${this.#portfolioId}/trades.csv?${String(new URLSearchParams(asked))}`;
  }

  #open(): void {
    const path = { portfolioId: this.#portfolioId };
    const cursor = this.#cursors.peek().at(-1) ?? null;
    const query = {
      ...this.#asked(),
      ...this.#order(),
      count: 'true' as const,
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    };
    this.#query.start((signal) => this.#api.listTrades({ path, query }, { signal }));
  }

  #order() {
    const { key, isDescending } = this.sorting.order.value;
    return { sort: key, order: isDescending ? 'desc' : 'asc' } as const;
  }

  #asked() {
    const { q, asset, side, from, to } = this.filter.value;
    return {
      ...(q.trim() === '' ? {} : { q: q.trim() }),
      ...(asset.trim() === '' ? {} : { asset: asset.trim().toUpperCase() }),
      ...(side === '' ? {} : { side }),
      ...(from === '' ? {} : { from }),
      ...(to === '' ? {} : { to: dayAfter(to) }),
    };
  }
}

/** The API's `to` is exclusive, people mean the whole day. */
function dayAfter(date: string): string {
  return new Date(Date.parse(`${date}T00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}
