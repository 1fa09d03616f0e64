import { type Client, type Handlers, MarktideError, pause, type Subscription, waitOf } from 'marktide/client';
import type { Notice } from '../api.ts';
import { problemText } from '../text/problem-text.ts';
import type { LiveEvent } from './events.ts';
import type { Condition } from './messages.ts';

/** The status of a stream that was ended on request. */
const ENDED = 410;
const WAITS = { random: Math.random, longestWaitMs: 30_000 };

export interface StreamListener {
  condition(condition: Condition, lastId: string | null): void;
  event(event: LiveEvent, lastId: string | null): void;
  reset(channels: readonly string[]): void;
  notice(notice: Notice): void;
}

interface Options {
  client: Client;
  channels: readonly string[];
  lastId: string | null;
  /** After a refusal: returns the channels that are still available. */
  available: () => Promise<string[]>;
  on: StreamListener;
}

/** A series of subscriptions, each resuming where the last one ended, and their state. */
export class Stream {
  readonly #client: Client;
  readonly #available: () => Promise<string[]>;
  readonly #on: StreamListener;
  readonly #life = new AbortController();
  #subscription: Subscription | null = null;
  #channels: readonly string[];
  #lastId: string | null;
  #pending: Set<string>;
  readonly #delayed = new Set<string>();
  /** By feed: since when it has delivered no prices. */
  readonly #silent = new Map<string, string>();
  /** Channels that the cursor may not cover. */
  readonly #added = new Set<string>();
  #isReset = false;
  #refused = '';
  #failures = 0;
  #told = '';

  constructor({ client, channels, lastId, available, on }: Options) {
    this.#client = client;
    this.#channels = channels;
    this.#lastId = lastId;
    this.#available = available;
    this.#on = on;
    this.#pending = new Set(channels);
    // The network is back: no need to wait out a long back-off.
    addEventListener('online', () => this.#hurry(), { signal: this.#life.signal });
    this.#open();
    this.#tell();
  }

  get channels(): readonly string[] {
    return this.#channels;
  }

  /** Switches channels. Continues after the last id, so that nothing is missed on those that stay. */
  change(channels: readonly string[]): void {
    const added = channels.filter((name) => !this.#channels.includes(name));
    this.#channels = channels;
    this.#pending = new Set([...this.#pending.values(), ...added].filter((name) => channels.includes(name)));
    for (const name of added) this.#added.add(name);
    this.#refused = '';
    this.#open();
    this.#tell();
  }

  close(): void {
    this.#life.abort();
    this.#subscription?.close();
  }

  #open(): void {
    this.#subscription?.close();
    // A new stream reports silent feeds itself.
    this.#silent.clear();
    const options = { replay: 'latest', lastEventId: this.#lastId } as const;
    const subscription = this.#client.subscribe(
      this.#channels,
      this.#handlers(() => subscription),
      options,
    );
    this.#subscription = subscription;
  }

  #handlers(own: () => Subscription): Handlers {
    const event = (live: LiveEvent): void => this.#on.event(live, this.#lastId);
    // Ignores events of an earlier subscription.
    const listen =
      <T>(handle: (body: T) => void) =>
      (body: T): void => {
        const subscription = own();
        if (this.#life.signal.aborted || subscription !== this.#subscription) return;
        this.#lastId = subscription.lastEventId;
        handle(body);
        this.#tell();
      };
    return {
      state: listen((state) => state === 'resuming' && this.#cut()),
      error: listen((error) => void this.#ended(error)),
      ready: listen(({ channels }) => this.#ready(channels)),
      reset: listen(({ channels }) => this.#reset(channels)),
      notice: listen((notice) => this.#notice(notice)),
      ticker: listen((body) => event({ kind: 'ticker', body })),
      pnl: listen((body) => event({ kind: 'pnl', body })),
      holdings: listen((body) => event({ kind: 'holdings', body })),
      ledger: listen((body) => event({ kind: 'ledger', body })),
      import: listen((body) => event({ kind: 'import', body })),
      accounts: listen((body) => event({ kind: 'accounts', body })),
    };
  }

  #ready(channels: readonly string[]): void {
    for (const name of channels) {
      this.#pending.delete(name);
      this.#delayed.delete(name);
      this.#added.delete(name);
    }
    if (this.#pending.size > 0) return;
    this.#isReset = false;
    this.#failures = 0;
  }

  #reset(channels: readonly string[]): void {
    for (const name of channels) this.#pending.add(name);
    // Nothing was missed on channels that were just added.
    if (channels.some((name) => !this.#added.has(name))) this.#isReset = true;
    this.#on.reset(channels);
  }

  #notice(notice: Notice): void {
    for (const name of notice.channels ?? []) {
      if (notice.code === 'delayed') this.#delayed.add(name);
      if (notice.code === 'restored') this.#delayed.delete(name);
    }
    const { feed, since } = notice;
    if (notice.code === 'feed-silent' && feed !== undefined) this.#silent.set(feed, since ?? '');
    if (notice.code === 'feed-live' && feed !== undefined) this.#silent.delete(feed);
    this.#on.notice(notice);
  }

  /** Nothing is up to date any more. */
  #cut(): void {
    this.#pending = new Set(this.#channels);
    this.#delayed.clear();
    this.#silent.clear();
    this.#isReset = false;
  }

  #hurry(): void {
    if (this.#refused === '' && this.#pending.size > 0) this.#open();
  }

  /** Refused permanently, or ended on request: reopens the channels that are still available. */
  async #ended(error: MarktideError): Promise<void> {
    const ended = this.#subscription;
    const { signal } = this.#life;
    this.#cut();
    this.#tell();
    while (!signal.aborted && this.#subscription === ended) {
      try {
        const channels = await this.#available();
        if (!signal.aborted && this.#subscription === ended) this.#goOn(channels, error);
        return;
      } catch (failure) {
        if (failure instanceof MarktideError && failure.status === 401) return;
        this.#failures += 1;
        const cause = failure instanceof Error ? failure : null;
        await pause(waitOf({ attempt: this.#failures, retryMs: 1_000, cause }, WAITS), signal);
      }
    }
  }

  #goOn(channels: readonly string[], error: MarktideError): void {
    const isLess = channels.length < this.#channels.length;
    this.#channels = channels;
    if (isLess || error.status === ENDED) {
      this.#open();
      this.#cut();
    } else {
      this.#refused = problemText(error);
    }
    this.#tell();
  }

  #tell(): void {
    const condition: Condition = {
      channels: this.#channels,
      pending: [...this.#pending],
      delayed: [...this.#delayed],
      silent: Array.from(this.#silent, ([feed, since]) => ({ feed, since })),
      isReset: this.#isReset,
      refused: this.#refused,
    };
    const told = JSON.stringify(condition);
    if (this.#life.signal.aborted || told === this.#told) return;
    this.#told = told;
    this.#on.condition(condition, this.#lastId);
  }
}
