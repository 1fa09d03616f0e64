import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Api, BASE_URL } from '../api.ts';
import { assetCode } from '../figures/asset-code.ts';
import { dateOf, dayAfter } from '../figures/calendar-day.ts';
import { Query } from '../live/query.ts';
import { language } from '../page/locale.ts';
import { type Params, params, setParams } from '../page/route.ts';
import { Sorting } from '../table/sorting.ts';

export const PAGE = 25;

export interface TradeFilter {
  q: string;
  asset: string;
  side: '' | 'buy' | 'sell';
  tag: string;
  /** Calendar dates, both inclusive; `''` for no limit. */
  from: string;
  to: string;
}

const NO_FILTER: TradeFilter = { q: '', asset: '', side: '', tag: '', from: '', to: '' };

function filterOf({ q = '', asset = '', side = '', tag = '', from = '', to = '' }: Params): TradeFilter {
  return {
    q,
    asset,
    side: side === 'buy' || side === 'sell' ? side : '',
    tag,
    from: dateOf(from),
    to: dateOf(to),
  };
}

type Answer = Awaited<ReturnType<Api['listTrades']>>;

/** The trades of a portfolio, filtered, searched, sorted and paged by the server. */
export class TradePages {
  readonly #api: Api;
  readonly #portfolioId: string;
  /** If set, only the trades of this asset are shown. */
  readonly asset: string | null;
  readonly #query = new Query<Answer>();
  readonly sorting = new Sorting<'time' | 'symbol' | 'value' | 'fee' | 'pnl'>({
    key: 'time',
    isDescending: true,
  });
  /** Initially from the address. */
  readonly filter: Signal<TradeFilter> = signal(filterOf(params.peek()));
  /** The cursors of the pages up to the current one; the first page has none. */
  readonly #cursors = signal<readonly (string | null)[]>([null]);

  constructor(api: Api, portfolioId: string, asset: string | null = null) {
    this.asset = asset;
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

  /** Starts over at the first page, for another filter or order. */
  start(): void {
    this.#cursors.value = [null];
    setParams({ ...this.filter.peek() });
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

  /** Follows the address after the browser's back and forward buttons. */
  follow(given: Params): void {
    const filter = filterOf(given);
    if (JSON.stringify(filter) === JSON.stringify(this.filter.peek())) return;
    this.filter.value = filter;
    this.start();
  }

  /** The ledger may have changed, or there was an outage. */
  poke(): void {
    this.#query.poke();
  }

  stop(): void {
    this.#query.stop();
  }

  /** The URL to download the trades being shown. */
  get csvUrl(): string {
    const { order, sort } = this.#order();
    const asked = { ...this.#asked(), sort, order, lang: language, bom: 'true' };
    return `${BASE_URL}/v1/portfolios/${this.#portfolioId}/trades.csv?${String(new URLSearchParams(asked))}`;
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
    const { q, asset, side, tag, from, to } = this.filter.value;
    return {
      ...(q.trim() === '' ? {} : { q: q.trim() }),
      ...(this.asset === null ? {} : { asset: this.asset }),
      ...(this.asset !== null || asset.trim() === '' ? {} : { asset: assetCode(asset, []) }),
      ...(side === '' ? {} : { side }),
      ...(tag.trim() === '' ? {} : { tag: tag.trim() }),
      ...(from === '' ? {} : { from }),
      ...(to === '' ? {} : { to: dayAfter(to) }),
    };
  }
}
