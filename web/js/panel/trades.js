import { byId, element, setMessage, setText } from '../element.js';
import { language } from '../locale.js';
import { exact } from '../number.js';
import { SignedOutError } from '../session.js';
import { Sortable } from '../sortable.js';
import { Source } from '../source.js';
import { text } from '../text.js';
import { clearTrades, showTrades } from '../view/trade-rows.js';

const PAGE = 25;
const TYPING_MS = 250;
const DAY_MS = 86_400_000;

/** The trades of a portfolio: filtered, searched, sorted and in pages, all by the server. */
export class TradesPanel {
  #api;
  #section = byId('trades');
  #note = byId('trades-note');
  #count = byId('trades-count');
  #page = byId('trades-page');
  #newer = byId('trades-newer');
  #older = byId('trades-older');
  #form = byId('trades-filter');
  #download = byId('trades-csv');
  #sortable;
  #face;
  #portfolio = null;
  #source = null;
  #typing = null;
  /** The cursors of the pages up to this one; the first has none. */
  #cursors = [null];
  #next = null;

  constructor(api, face) {
    this.#api = api;
    this.#face = face;
    this.#sortable = new Sortable(byId('trades-table'), {
      key: 'time',
      isDescending: true,
      onChange: () => this.#start(),
    });
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('input', () => this.#typed());
    // Fields are empty only after the event.
    this.#form.addEventListener('reset', () => setTimeout(() => this.#start()));
    this.#newer.addEventListener('click', () => this.#turn(-1));
    this.#older.addEventListener('click', () => this.#turn(1));
    this.#download.addEventListener('click', (event) => void this.#renewFirst(event));
  }

  useClockFace(face) {
    this.#face = face;
  }

  open(portfolio) {
    this.close();
    this.#portfolio = portfolio;
    this.#start();
  }

  close() {
    this.#stop();
    this.#portfolio = null;
    clearTrades();
    for (const part of [this.#count, this.#page]) setText(part, '');
    this.#newer.disabled = true;
    this.#older.disabled = true;
    this.#download.removeAttribute('href');
    setMessage(this.#note, '');
  }

  /** The ledger has changed, or there was an outage. */
  refresh() {
    this.#source?.poke();
  }

  /** Assets to choose from. */
  offerAssets(assets) {
    const list = byId('asset-names');
    if (assets.join() === [...list.children].map(({ value }) => value).join()) return;
    list.replaceChildren(
      ...assets.map((asset) => {
        const option = element('option');
        option.value = asset;
        return option;
      }),
    );
  }

  #stop() {
    clearTimeout(this.#typing);
    this.#source?.close();
    this.#source = null;
  }

  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#start(), TYPING_MS);
  }

  /** Another filter or order: from the first page. */
  #start() {
    this.#cursors = [null];
    this.#open();
  }

  #turn(by) {
    if (by > 0 && this.#next !== null) this.#cursors.push(this.#next);
    if (by < 0 && this.#cursors.length > 1) this.#cursors.pop();
    this.#open();
  }

  #open() {
    this.#stop();
    if (this.#portfolio === null) return;
    const filter = this.#filter();
    const shown = [...filter, ...this.#order()];
    this.#download.href = this.#path(
      '.csv',
      new URLSearchParams([...shown, ['lang', language], ['bom', 'true']]),
    );
    this.#section.setAttribute('aria-busy', 'true');
    this.#source = new Source({
      load: (signal) => this.#load(filter, signal),
      show: (body) => this.#show(body, filter),
      fail: (error) => setMessage(this.#note, text('notCurrent', { why: error.message })),
    });
    this.#source.poke();
  }

  /** A link cannot renew a token that has expired: a request that can goes before it. */
  async #renewFirst(event) {
    if (!event.isTrusted) return;
    event.preventDefault();
    try {
      await this.#api.get('/v1/auth/me');
      this.#download.click();
    } catch (error) {
      if (!(error instanceof SignedOutError)) setMessage(this.#note, error.message);
    }
  }

  #path(suffix, query) {
    return `/v1/portfolios/${this.#portfolio.id}/trades${suffix}?${query}`;
  }

  #filter() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(this.#form)) {
      const given = name === 'asset' ? value.trim().toUpperCase() : value.trim();
      if (given !== '') query.set(name, name === 'to' ? dayAfter(given) : given);
    }
    return query;
  }

  #order() {
    return [
      ['sort', this.#sortable.key],
      ['order', this.#sortable.isDescending ? 'desc' : 'asc'],
    ];
  }

  #load(filter, signal) {
    const query = new URLSearchParams(filter);
    for (const [name, value] of this.#order()) query.set(name, value);
    query.set('count', 'true');
    query.set('limit', String(PAGE));
    const cursor = this.#cursors.at(-1);
    if (cursor !== null) query.set('cursor', cursor);
    return this.#api.get(this.#path('', query), { signal });
  }

  #show(body, filter) {
    setMessage(this.#note, '');
    this.#section.removeAttribute('aria-busy');
    this.#next = body.nextCursor;
    showTrades(body, this.#face);
    const before = (this.#cursors.length - 1) * PAGE;
    const [from, to, total] = [before + 1, before + body.items.length, body.total].map((count) =>
      exact(String(count)),
    );
    const none = text(filter.size === 0 ? 'tradesNone' : 'tradesNoneFound');
    setText(this.#count, body.total === 0 ? none : exact(String(body.total)));
    setText(this.#page, body.items.length === 0 ? '' : text('tradesCount', { from, to, total }));
    this.#newer.disabled = this.#cursors.length === 1;
    this.#older.disabled = this.#next === null;
  }
}

/** The API's `to` is exclusive, people mean the whole day. */
function dayAfter(date) {
  return new Date(Date.parse(`${date}T00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}
