import assert from 'node:assert/strict';
import { within } from '../support/eventually.ts';
import { StreamClient, type StreamEvent } from '../support/stream-client.ts';
import type { PushedTrades } from './pushed-trades.ts';

/** Reads `ticker:*` and `trade:*`, and fails when something is missing that no `reset` has announced. */
export class EvictionReader {
  resets = 0;
  readonly #headers: { authorization: string };
  readonly #trades: PushedTrades;
  #url: string;
  #client: StreamClient;
  #lastEventId: string | null = null;
  /** Events of the present connection that were looked at. */
  #seen = 0;
  #isInStep = false;
  /** Newest trade by symbol, since the last reset. */
  #last = new Map<string, number>();
  /** Newest ticker by symbol. */
  readonly #tickers = new Map<string, number>();
  /** Symbols whose ticker has come since the stream began or was reset; `null` when that is no longer of interest. */
  #told: Set<string> | null = new Set();
  /** Symbols whose ticker has not come by `ready`. A newer one, from the same queue, may have replaced it. */
  readonly #owed = new Set<string>();
  readonly #sinceReady = new Set<string>();

  constructor(url: string, authorization: string, trades: PushedTrades) {
    this.#url = url;
    this.#headers = { authorization };
    this.#trades = trades;
    this.#client = this.#connect();
  }

  /** Resolves when the stream has said `ready`. */
  async inStep(): Promise<void> {
    await this.#until(() => this.#isInStep, 'ready');
  }

  /** Resolves when it has had so many events more. */
  async heard(count: number): Promise<void> {
    const goal = this.#client.events.length + count;
    await this.#until(() => this.#client.events.length >= goal, 'more events');
  }

  /** Resolves when it has the newest price of every symbol. */
  async upToDate(): Promise<void> {
    await this.#until(
      () =>
        this.#isInStep &&
        this.#owed.size === 0 &&
        [...this.#trades.taken.keys()].every(
          (symbol) => (this.#tickers.get(symbol) ?? 0) >= this.#trades.newest(symbol),
        ),
      'the newest prices',
    );
  }

  cut(): void {
    this.#look();
    this.#client.cut();
    this.#lastEventId = this.#client.lastEventId;
  }

  /** Comes back with its last id. */
  resume(url: string): void {
    this.#url = url;
    this.#client = this.#connect();
  }

  async #until(predicate: () => boolean, what: string): Promise<void> {
    const client = this.#client;
    // A stream may be ended by the server: an EventSource would resume.
    const isThere = (): boolean => {
      this.#look();
      return predicate();
    };
    try {
      await within(client.until(isThere, what), what);
    } catch (error) {
      if (!client.isClosed) throw error;
      assert.equal(client.status, 200, client.body);
      this.cut();
      this.resume(this.#url);
      await this.#until(predicate, what);
    }
  }

  #connect(): StreamClient {
    this.#seen = 0;
    this.#isInStep = false;
    this.#owed.clear();
    this.#told = this.#lastEventId === null ? new Set() : null;
    return new StreamClient(this.#url, { headers: this.#headers, lastEventId: this.#lastEventId });
  }

  #look(): void {
    const { events } = this.#client;
    while (this.#seen < events.length) {
      const event = events[this.#seen];
      this.#seen += 1;
      if (event !== undefined) this.#take(event);
    }
  }

  #take({ event, data }: StreamEvent): void {
    if (event === 'reset') {
      this.resets += 1;
      this.#isInStep = false;
      this.#last.clear();
      this.#told = new Set();
      this.#owed.clear();
    } else if (event === 'ready') {
      this.#isInStep = true;
      this.#owed.clear();
      this.#sinceReady.clear();
      if (this.#told !== null)
        for (const symbol of this.#trades.taken.keys()) if (!this.#told.has(symbol)) this.#owed.add(symbol);
      this.#told = null;
    } else if (event === 'ticker') this.#takeTicker(data.symbol, Number(data.price));
    else if (event === 'trade') this.#takeTrade(data.symbol, Number(data.price));
  }

  #takeTicker(symbol: string, price: number): void {
    this.#told?.add(symbol);
    this.#tickers.set(symbol, price);
    if (this.#owed.size === 0) return;
    // A queue holds one ticker of each symbol at most: with the second, another queue has begun.
    assert.ok(!this.#sinceReady.has(symbol), `never told: ${[...this.#owed].join(', ')}`);
    this.#sinceReady.add(symbol);
    this.#owed.delete(symbol);
  }

  #takeTrade(symbol: string, price: number): void {
    const last = this.#last.get(symbol);
    if (last !== undefined) {
      assert.ok(price > last, `a trade of ${symbol} came twice or late: ${price} after ${last}`);
      assert.deepEqual(this.#trades.between(symbol, last, price), [], `trades of ${symbol} were missed`);
    }
    this.#last.set(symbol, price);
  }
}
