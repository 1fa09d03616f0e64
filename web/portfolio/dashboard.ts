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
import type { Holdings, ImportProgress, LedgerChange, ListedTrade, Pnl, Portfolio } from '../api.ts';
import { clockFace, localClockFace } from '../figures/clock-face.ts';
import type { Connection } from '../live/connection.ts';
import type { LiveEvent } from '../live/events.ts';
import { Feed } from '../live/feed.ts';
import { Market } from '../market/market.ts';
import { Sparks } from '../market/sparks.ts';
import { noticeText } from '../text/notice-text.ts';
import { text } from '../text/text.ts';
import { Portfolios } from './portfolios.ts';

export type Dialog =
  | { type: 'new-portfolio' }
  | { type: 'settings' }
  | { type: 'import' }
  | { type: 'flow' }
  /** `null`: a new one. */
  | { type: 'trade'; trade: ListedTrade | null };

const PATIENCE_MS = 3_000;

/** What a signed-in user sees: one portfolio and the market, live. */
export class Dashboard {
  readonly client: Client;
  readonly connection: Connection;
  /** The user may make portfolios. */
  readonly mayCreate: boolean;
  readonly portfolios: Portfolios;
  readonly market: Market;
  readonly pnl: Signal<Pnl | null> = signal(null);
  readonly holdings: Signal<Holdings | null> = signal(null);
  readonly importProgress: Signal<ImportProgress | null> = signal(null);
  /** The dialog that is open. */
  readonly dialog: Signal<Dialog | null> = signal(null);
  /** What the server or the stream has to say; `''`: nothing. */
  readonly message = signal('');
  readonly notice = computed(() => this.portfolios.message.value || this.message.value);
  /** Rises when answers about the portfolio may have changed: with its ledger, and after an outage. */
  readonly changes = signal(0);
  /** What costs the server more than a glance waits until the live figures are there, but not for ever. */
  readonly #isSettled = signal(false);
  readonly #life = new AbortController();
  readonly #userId: string;
  /** Opened when it is known what to watch: one stream, not one after the other. */
  #feed: Feed | null = null;
  #wasLive = false;
  #patience = new AbortController();
  /** `undefined`: nothing is watched yet. */
  #portfolioId: string | null | undefined;

  constructor(client: Client, user: Signed, connection: Connection) {
    this.client = client;
    this.connection = connection;
    this.#userId = user.id;
    this.mayCreate = user.role !== 'viewer';
    this.portfolios = new Portfolios(client.api);
    this.market = new Market(new Sparks(client.api));
    connection.state.value = 'connecting';
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
    this.connection.face.value = localClockFace();
  }

  /** A portfolio that the user has just accepted. */
  joined(id: string): void {
    this.portfolios.remember(id);
    void this.portfolios.load(this.#life.signal);
  }

  /** Follows the portfolio that is chosen. */
  #follow(): void {
    const isKnown = this.portfolios.all.value !== null;
    const portfolio = this.portfolios.chosen.value;
    if (isKnown) untracked(() => this.#open(portfolio));
  }

  #open(portfolio: Portfolio | null): void {
    this.connection.face.value = portfolio === null ? localClockFace() : clockFace(portfolio.timeZone);
    const id = portfolio?.id ?? null;
    // Only its settings are other ones.
    if (id === this.#portfolioId) return;
    this.#portfolioId = id;
    batch(() => {
      this.pnl.value = null;
      this.holdings.value = null;
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
    this.#feed ??= this.#openFeed();
    this.#feed.watch(id);
  }

  #openFeed(): Feed {
    return new Feed(this.client, this.#userId, {
      state: (state) => {
        this.connection.state.value = state;
      },
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
    // The first time all of it is only being asked for.
    if (this.#wasLive) {
      this.changes.value = this.changes.peek() + 1;
      this.market.sparks.refresh();
    }
    this.#wasLive = true;
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
        this.pnl.value = event.body;
        break;
      case 'holdings':
        this.holdings.value = event.body;
        break;
      case 'import':
        this.importProgress.value = event.body;
        break;
      case 'ledger':
        this.#changed(event.body);
        break;
    }
  }

  #changed(change: LedgerChange): void {
    this.changes.value = this.changes.peek() + 1;
    // Another user has changed its settings, or this one in another tab.
    if (change.subject === 'portfolio') void this.portfolios.load(this.#life.signal);
  }
}
