import { Backoff, pause } from './backoff.js';
import { clockFace } from './clock-face.js';
import { byId, setMessage, setText } from './element.js';
import { Feed } from './feed.js';
import { feedChecks } from './feed-checks.js';
import { SignedOutError } from './session.js';
import { text } from './text.js';
import { InvitationsView } from './view/invitations.js';
import { PortfolioChooser } from './view/portfolio-chooser.js';

const CHOSEN = 'marktide.portfolio';
const PAGE = 1_000;
const PATIENCE_MS = 3_000;

/** What a signed-in user sees: one portfolio and the market, live, and what is asked for over REST. */
export class Dashboard {
  #api;
  #views;
  #panels;
  #sparks;
  #root = byId('dashboard');
  #message = byId('page-message');
  #zone = byId('zone-note');
  #chooser = new PortfolioChooser((id) => this.#choose(id));
  #invitations;
  #user = null;
  #portfolios = [];
  #feed = null;
  #life = null;
  /** Ends when another portfolio is chosen. */
  #chosen = new AbortController();
  #live = new EventTarget();

  /** `views`: connection, summary, holdings, tickers. `panels` load what they show themselves. */
  constructor({ api, views, panels, sparks }) {
    this.#api = api;
    this.#views = views;
    this.#panels = panels;
    this.#sparks = sparks;
    this.#invitations = new InvitationsView(api, (id) => this.#joined(id));
  }

  /** Loads the portfolios, however long the server takes to come up, and opens the chosen one. */
  async open(user) {
    this.close();
    const life = new AbortController();
    this.#life = life;
    this.#user = user;
    this.#root.hidden = false;
    this.#views.connection.show('connecting');
    const portfolios = await this.#untilLoaded(life.signal);
    if (life.signal.aborted || portfolios === null) return;
    this.#portfolios = portfolios;
    this.#chooser.show(portfolios);
    this.#feed = this.#openFeed(user);
    this.#choose(sessionStorage.getItem(CHOSEN) ?? localStorage.getItem(CHOSEN));
    void this.#invitations.open(life.signal);
  }

  /** Shows a portfolio that the user has just accepted. */
  #joined(id) {
    sessionStorage.setItem(CHOSEN, id);
    void this.open(this.#user);
  }

  /** Nothing of the user stays on the page. */
  close() {
    this.#life?.abort();
    this.#feed?.close();
    this.#feed = null;
    this.#root.hidden = true;
    this.#portfolios = [];
    this.#chooser.show([]);
    this.#invitations.close();
    this.#views.summary.clear();
    this.#views.holdings.clear();
    this.#views.tickers.clear();
    this.#chosen.abort();
    for (const panel of this.#panels) panel.close();
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
    const portfolio = this.#portfolios.find((item) => item.id === id) ?? this.#portfolios[0] ?? null;
    this.#views.summary.clear();
    this.#views.holdings.clear(portfolio?.baseCurrency);
    setMessage(this.#message, portfolio === null ? text('noPortfolio') : '');
    this.#root.classList.toggle('market-only', portfolio === null);
    if (portfolio !== null) {
      // For this tab after a reload, and for the next one that is opened.
      for (const storage of [sessionStorage, localStorage]) storage.setItem(CHOSEN, portfolio.id);
      this.#chooser.chosen(portfolio);
      this.#tellTimesIn(portfolio.timeZone);
    }
    this.#feed.watch(portfolio?.id ?? null);
    void this.#openPanels(portfolio);
  }

  /** What costs the server more than a glance waits until the live figures are there, but not for ever. */
  async #openPanels(portfolio) {
    this.#chosen.abort();
    this.#chosen = new AbortController();
    const { signal } = this.#chosen;
    for (const panel of this.#panels) panel.close();
    if (portfolio === null) return;
    const isLive = new Promise((resolve) =>
      this.#live.addEventListener('live', resolve, { signal, once: true }),
    );
    await Promise.race([isLive, pause(PATIENCE_MS, signal)]);
    if (!signal.aborted) for (const panel of this.#panels) panel.open(portfolio);
  }

  #tellTimesIn(timeZone) {
    const face = clockFace(timeZone);
    for (const view of [...Object.values(this.#views), ...this.#panels]) view.useClockFace(face);
    setText(this.#zone, text('zone', { zone: face.zone }));
  }

  #openFeed(user) {
    const { connection, summary, holdings, tickers } = this.#views;
    const refresh = () => this.#panels.forEach((panel) => panel.refresh());
    let wasLive = false;
    return new Feed({
      userId: user.id,
      checks: feedChecks(this.#api),
      on: {
        state: (state) => connection.show(state),
        heard: (at) => connection.heard(at),
        live: (states) => {
          if (this.#portfolios.length > 0) setMessage(this.#message, '');
          tickers.keep(states.tickers().map(({ symbol }) => symbol));
          this.#live.dispatchEvent(new Event('live'));
          // The first time all of it is only being asked for.
          if (wasLive) refresh();
          if (wasLive) this.#sparks.refresh();
          wasLive = true;
        },
        refused: (detail) => setMessage(this.#message, text('streamRefused', { detail })),
        lost: () => void this.open(user),
        notice: ({ code, detail }) => setMessage(this.#message, text('notice', { detail: detail ?? code })),
        ticker: (ticker) => tickers.show(ticker),
        fill: refresh,
        import: (body) => this.#panels.forEach((panel) => panel.progress?.(body)),
        holdings: (body) => {
          holdings.show(body);
          for (const panel of this.#panels) panel.offerAssets?.(body.items.map(({ asset }) => asset));
        },
        pnl: (pnl) => {
          holdings.explain(pnl.warnings);
          summary.show(pnl);
          for (const panel of this.#panels) panel.live?.(pnl);
        },
      },
    });
  }
}
