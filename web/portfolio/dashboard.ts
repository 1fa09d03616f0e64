import {
  batch,
  computed,
  effect,
  type ReadonlySignal,
  type Signal,
  signal,
  untracked,
} from '@preact/signals';
import { type Client, pause } from 'marktide/client';
import type { Signed } from '../account/session.ts';
import type {
  ExchangeAccount,
  Holdings,
  ImportProgress,
  LedgerChange,
  ListedTrade,
  Pnl,
  Portfolio,
} from '../api.ts';
import type { Entry } from '../entries/entry-kinds.ts';
import { clockFace, localClockFace } from '../figures/clock-face.ts';
import type { Connection } from '../live/connection.ts';
import type { LiveEvent } from '../live/events.ts';
import { Feed } from '../live/feed.ts';
import { keepLastKnown } from '../offline/last-known.ts';
import { Overview } from '../overview/overview.ts';
import { Market } from '../market/market.ts';
import { Sparks } from '../market/sparks.ts';
import { go, place } from '../page/route.ts';
import { noticeText } from '../text/notice-text.ts';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { Portfolios } from './portfolios.ts';

export type Dialog =
  | { type: 'new-portfolio' }
  | { type: 'settings' }
  | { type: 'import' }
  /** `null` for a new one. */
  | { type: 'entry'; entry: Entry | null }
  /** `null` for a new one. */
  | { type: 'account'; account: ExchangeAccount | null }
  /** `null` for a new one. */
  | { type: 'trade'; trade: ListedTrade | null };

/** The last action, and how to undo it. */
export interface Undoable {
  what: string;
  undo: () => Promise<void>;
}

const PATIENCE_MS = 3_000;

/** The state of a signed-in user's page: one portfolio and the market, live. */
export class Dashboard {
  readonly client: Client;
  readonly connection: Connection;
  /** Whether the user may create portfolios. */
  readonly mayCreate: boolean;
  readonly portfolios: Portfolios;
  readonly market: Market;
  /** The totals of all portfolios. */
  readonly overview: Overview;
  readonly pnl: Signal<Pnl | null> = signal(null);
  readonly holdings: Signal<Holdings | null> = signal(null);
  readonly importProgress: Signal<ImportProgress | null> = signal(null);
  /** The accounts at exchanges that fill the portfolio; `null` if not known yet. */
  readonly accounts: Signal<readonly ExchangeAccount[] | null> = signal(null);
  /** Incremented with each event of the accounts. */
  readonly accountEvents = signal(0);
  /** The open dialog. */
  readonly dialog: Signal<Dialog | null> = signal(null);
  /** `null` if there is nothing to undo. */
  readonly undoable: Signal<Undoable | null> = signal(null);
  readonly isUndoing = signal(false);
  /** A message from the server or the stream; `''` if there is none. */
  readonly message = signal('');
  readonly notice = computed(() => this.portfolios.message.value || this.message.value);
  /** Incremented when answers about the portfolio may have changed: with its ledger, and after an outage. */
  readonly changes = signal(0);
  /** Expensive requests wait until the live figures have arrived, but not forever. */
  readonly #isSettled = signal(false);
  readonly #life = new AbortController();
  readonly #userId: string;
  /** Opened once it is known what to watch, so that only one stream is opened. */
  #feed: Feed | null = null;
  #wasLive = false;
  #patience = new AbortController();
  /** `undefined` if nothing is watched yet. */
  #portfolioId: string | null | undefined;
  #wanted = '';

  constructor(client: Client, user: Signed, connection: Connection) {
    this.client = client;
    this.connection = connection;
    this.#userId = user.id;
    this.mayCreate = user.role !== 'viewer';
    this.portfolios = new Portfolios(client.api);
    this.market = new Market(new Sparks(client.api));
    this.overview = new Overview(client.api);
    connection.state.value = 'connecting';
    connection.silent.value = [];
    connection.heardAt = null;
    const stopFollowing = effect(() => this.#follow());
    this.#life.signal.addEventListener('abort', stopFollowing);
    void this.portfolios.load(this.#life.signal);
  }

  get isSettled(): ReadonlySignal<boolean> {
    return this.#isSettled;
  }

  close(): void {
    this.#life.abort();
    this.#patience.abort();
    this.#feed?.close();
    this.overview.close();
    this.connection.face.value = localClockFace();
  }

  /** Shows a portfolio whose invitation the user has just accepted. */
  joined(id: string): void {
    const { signal: life } = this.#life;
    void this.portfolios.load(life).then(() => {
      if (!life.aborted) go({ view: 'portfolio', portfolioId: id });
    });
  }

  /** Takes back what was done last. Why that failed stands in its place. */
  async undo(): Promise<void> {
    const done = this.undoable.peek();
    if (done === null || this.isUndoing.peek()) return;
    this.isUndoing.value = true;
    try {
      await done.undo();
      // Something else may have been done meanwhile.
      if (this.undoable.peek() === done) this.undoable.value = null;
    } catch (error) {
      if (this.undoable.peek() === done) this.undoable.value = { ...done, what: problemText(error) };
    }
    batch(() => {
      this.isUndoing.value = false;
      this.changes.value = this.changes.peek() + 1;
    });
  }

  /** Follows the chosen portfolio. */
  #follow(): void {
    const isKnown = this.portfolios.all.value !== null;
    const portfolio = this.portfolios.chosen.value;
    const isOverview = place.value.view === 'overview';
    const all = isOverview ? (this.portfolios.all.value ?? []) : [];
    const others = all.map(({ id }) => id).filter((id) => id !== portfolio?.id);
    if (isKnown) untracked(() => this.#open(portfolio, others));
  }

  #open(portfolio: Portfolio | null, others: readonly string[]): void {
    this.connection.face.value = portfolio === null ? localClockFace() : clockFace(portfolio.timeZone);
    const id = portfolio?.id ?? null;
    this.#feed ??= this.#openFeed();
    // Otherwise only its settings have changed, or what is shown beside it.
    if (id !== this.#portfolioId) this.#change(id);
    const wanted = JSON.stringify([id, others]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#feed.watch({ portfolioId: id, others });
  }

  #change(id: string | null): void {
    this.#portfolioId = id;
    batch(() => {
      this.pnl.value = null;
      this.holdings.value = null;
      this.accounts.value = null;
      this.undoable.value = null;
      this.message.value = '';
      this.#isSettled.value = false;
    });
    this.#wasLive = false;
    this.#patience.abort();
    this.#patience = new AbortController();
    const { signal: patience } = this.#patience;
    void pause(PATIENCE_MS, patience).then(() => {
      if (!patience.aborted) this.#isSettled.value = true;
    });
  }

  #openFeed(): Feed {
    return new Feed(this.client, this.#userId, {
      state: (state) => {
        this.connection.state.value = state;
      },
      silent: (feeds) => {
        if (JSON.stringify(feeds) !== JSON.stringify(this.connection.silent.peek()))
          this.connection.silent.value = feeds;
      },
      crowded: (ids) => this.overview.ask(ids),
      event: (event) => batch(() => this.#show(event)),
      live: (states) => {
        this.market.keep(states.tickers().map(({ symbol }) => symbol));
        this.#live();
      },
      refused: (why) => this.#say(text('streamRefused', { why })),
      notice: ({ code }) => this.#say(noticeText(code)),
      lost: () => void this.portfolios.load(this.#life.signal),
    });
  }

  #live(): void {
    if (this.portfolios.chosen.peek() !== null) this.message.value = '';
    this.#isSettled.value = true;
    // The first time, everything is being requested anyway.
    if (this.#wasLive) {
      this.changes.value = this.changes.peek() + 1;
      this.market.sparks.refresh();
    }
    this.#wasLive = true;
  }

  /** Stores the figures in case the server cannot be reached later. */
  #keep(): void {
    const portfolio = this.portfolios.chosen.peek();
    const pnl = this.pnl.peek();
    const holdings = this.holdings.peek();
    if (portfolio !== null && pnl !== null && holdings !== null) {
      keepLastKnown(portfolio, { pnl, holdings });
    }
  }

  #say(message: string): void {
    this.message.value = message;
  }

  #show(event: LiveEvent): void {
    this.connection.heardAt = Date.now();
    switch (event.kind) {
      case 'ticker':
        this.market.show(event.body);
        break;
      case 'pnl':
        if (event.body.portfolioId === this.#portfolioId) this.pnl.value = event.body;
        this.overview.put(event.body);
        break;
      case 'holdings':
        this.holdings.value = event.body;
        this.#keep();
        break;
      case 'import':
        this.importProgress.value = event.body;
        break;
      case 'accounts':
        this.accounts.value = event.body.items;
        this.accountEvents.value = this.accountEvents.peek() + 1;
        break;
      case 'ledger':
        this.#changed(event.body);
        break;
    }
  }

  #changed(change: LedgerChange): void {
    this.changes.value = this.changes.peek() + 1;
    // Another user has changed its settings, or this one has in another tab.
    if (change.subject === 'portfolio') void this.portfolios.load(this.#life.signal);
  }
}
