import { Backoff, pause } from './backoff.js';
import { clockFace } from './clock-face.js';
import { byId, setMessage, setText } from './element.js';
import { HoldingsSource } from './holdings-source.js';
import { SignedOutError } from './session.js';
import { Stream } from './stream.js';
import { text } from './text.js';
import { PortfolioChooser } from './view/portfolio-chooser.js';

const CHOSEN = 'marktide.portfolio';
const PAGE = 1_000;

/** What a signed-in user sees: one portfolio and the market, fed by one stream. */
export class Dashboard {
  #api;
  #session;
  #storage;
  #views;
  #root = byId('dashboard');
  #message = byId('dashboard-message');
  #zone = byId('zone-note');
  #chooser = new PortfolioChooser((id) => this.#choose(id));
  #portfolios = [];
  #stream = null;
  #holdings = null;
  #life = null;

  /** `views`: connection, summary, holdings, tickers. */
  constructor({ api, session, storage, views }) {
    this.#api = api;
    this.#session = session;
    this.#storage = storage;
    this.#views = views;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#holdings?.poke();
    });
  }

  /** Loads the portfolios, however long the server takes to come up, and opens the chosen one. */
  async open() {
    this.close();
    const life = new AbortController();
    this.#life = life;
    this.#root.hidden = false;
    this.#views.connection.show('connecting');
    const portfolios = await this.#untilLoaded(life.signal);
    if (life.signal.aborted || portfolios === null) return;
    this.#portfolios = portfolios;
    this.#chooser.show(portfolios);
    this.#choose(this.#storage.getItem(CHOSEN));
  }

  /** Nothing of the user stays on the page. */
  close() {
    this.#life?.abort();
    this.#stop();
    this.#root.hidden = true;
    this.#portfolios = [];
    this.#chooser.show([]);
    this.#views.summary.clear();
    this.#views.holdings.clear();
    this.#views.tickers.clear();
    this.#views.connection.heard(null);
    setMessage(this.#message, '');
    setText(this.#zone, '');
  }

  async #untilLoaded(signal) {
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        const { items } = await this.#api.get(`/v1/portfolios?limit=${PAGE}`, { signal });
        setMessage(this.#message, '');
        return items;
      } catch (error) {
        if (signal.aborted || error instanceof SignedOutError) return null;
        setMessage(this.#message, error.status === 0 ? text('unreachable') : error.message);
        await pause(backoff.next(error.retryAfterMs), signal);
      }
    }
    return null;
  }

  #choose(id) {
    this.#stop();
    const portfolio = this.#portfolios.find((item) => item.id === id) ?? this.#portfolios[0] ?? null;
    this.#views.summary.clear();
    this.#views.holdings.clear(portfolio?.baseCurrency);
    setMessage(this.#message, portfolio === null ? text('noPortfolio') : '');
    if (portfolio !== null) {
      this.#storage.setItem(CHOSEN, portfolio.id);
      this.#chooser.chosen(portfolio);
      this.#tellTimesIn(portfolio.timeZone);
      this.#holdings = this.#holdingsOf(portfolio);
    }
    this.#stream = this.#streamOf(portfolio);
  }

  #stop() {
    this.#stream?.close();
    this.#holdings?.close();
    this.#stream = null;
    this.#holdings = null;
  }

  #tellTimesIn(timeZone) {
    const face = clockFace(timeZone);
    for (const view of Object.values(this.#views)) view.useClockFace(face);
    setText(this.#zone, text('zone', { zone: face.zone }));
  }

  #holdingsOf({ id }) {
    const { holdings } = this.#views;
    return new HoldingsSource({
      load: (signal) => this.#api.get(`/v1/portfolios/${id}/holdings`, { signal }),
      show: (body) => holdings.show(body),
      fail: (error) => holdings.fail(error),
    });
  }

  #streamOf(portfolio) {
    const { connection, summary, holdings, tickers } = this.#views;
    const own = portfolio === null ? [] : [`pnl:${portfolio.id}`, `fills:${portfolio.id}`];
    return new Stream({
      channels: ['ticker:*', ...own],
      renew: () => this.#renew(portfolio),
      on: {
        state: (state) => {
          connection.show(state);
          if (state === 'live' && portfolio !== null) setMessage(this.#message, '');
        },
        heard: (at) => connection.heard(at),
        ready: () => this.#holdings?.poke(),
        notice: ({ code, detail }) => setMessage(this.#message, text('notice', { detail: detail ?? code })),
        ticker: (ticker) => tickers.show(ticker),
        fill: () => this.#holdings?.poke(),
        pnl: (pnl) => {
          summary.show(pnl);
          holdings.explain(pnl.warnings);
          if (!document.hidden) this.#holdings?.poke();
        },
      },
    });
  }

  /** Before the stream is opened anew: a fresh token, and a look whether the portfolio can still be read. */
  async #renew(portfolio) {
    await this.#session.renew();
    if (portfolio === null) return;
    try {
      await this.#api.get(`/v1/portfolios/${portfolio.id}`);
    } catch (error) {
      if (error.status !== 404 && error.status !== 403) throw error;
      void this.open();
      // The stream that asked is closed by now, and heeds no answer.
    }
  }
}
