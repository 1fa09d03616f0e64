import type { Clock, Random } from '../../../lib/clock.ts';
import { withDeadline } from '../../../lib/async/deadline.ts';
import { backoff, type Backoff } from '../../../lib/async/backoff.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { Feed, FeedStatus, Tick, TickSink } from '../tick.ts';
import {
  type Exchange,
  type LoadCcxt,
  loadExchange,
  requireChannel,
  type WatchedTicker,
  type WatchedTrade,
} from './ccxt-exchange.ts';

/** Ticks that wait for the sink at most; beyond, the oldest are dropped: a live market does not wait. */
const MAX_QUEUED = 10_000;
/** Trade ids remembered per symbol: exchanges send the last trades again on every subscription. */
const MAX_IDS = 2_000;
/** Patience with an exchange that does not answer the closing handshake. */
const CLOSE_MS = 1_000;

export interface CcxtOptions {
  exchange: string;
  symbols: readonly string[];
  channel: 'trades' | 'ticker';
  /** Base URLs instead of the exchange's own. */
  ws: string | null;
  rest: string | null;
  clock: Clock;
  random: Random;
  log: Logger;
  /** Loads ccxt; replaced in tests. */
  load?: LoadCcxt;
}

/**
 * Live trades (or last prices) of an exchange, through ccxt's WebSocket. After any failure it reconnects
 * with a fresh exchange object after a back-off.
 */
export class CcxtFeed implements Feed {
  readonly #options: CcxtOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #ids = new Map<string, Set<string>>();
  #queue: Tick[] = [];
  #delivering: Promise<void> | null = null;
  #dropped = 0;
  /** Symbols that the exchange does not list. */
  #unlisted: readonly string[] = [];
  #running: Promise<void> | null = null;
  #changed: () => void = () => {};
  #exchange: Exchange | null = null;
  #status: FeedStatus;

  constructor(options: CcxtOptions) {
    this.#options = options;
    this.#backoff = backoff(options.clock, options.random);
    const feed = `ccxt:${options.exchange}`;
    this.#status = { feed, state: 'starting', detail: null, lastTickAt: null, ticks: 0 };
  }

  start(sink: TickSink, changed: () => void = () => {}): void {
    this.#changed = changed;
    this.#running ??= this.#run(sink);
  }

  status(): FeedStatus {
    const { exchange } = this.#options;
    const unlisted =
      this.#unlisted.length === 0 ? null : `${exchange} does not list ${this.#unlisted.join(', ')}`;
    const dropped = this.#dropped === 0 ? null : `${this.#dropped} ticks dropped while the log was held up`;
    const detail = [this.#status.detail, unlisted, dropped].filter(Boolean).join('; ') || null;
    return { ...this.#status, detail };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#disconnect();
    // A request for the list of markets may hang for long: it is left alone, and what comes of it is not used.
    await this.#patiently(Promise.resolve(this.#running));
    await this.#delivering;
    this.#status.state = 'ended';
  }

  async #run(sink: TickSink): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#connect();
        await this.#watch(sink);
      } catch (error) {
        if (signal.aborted) return;
        this.#show('retrying', error instanceof Error ? error.message.slice(0, 500) : String(error));
      }
      await this.#disconnect();
      await this.#backoff.wait(signal);
    }
  }

  async #connect(): Promise<void> {
    const { exchange: id, channel, ws, rest, load } = this.#options;
    const Class = await loadExchange(id, load);
    const exchange = new Class({
      // Text, not doubles.
      number: String,
      // Of each watch only what is new since the last; a burst must fit in ccxt's own buffer.
      newUpdates: true,
      options: { tradesLimit: MAX_QUEUED },
      enableRateLimit: true,
    });
    this.#exchange = exchange;
    exchange.urls.api = redirect(exchange.urls.api, ws, rest);
    // ccxt refuses unencrypted addresses until this is loaded.
    await exchange.loadHttpProxyAgent();
    requireChannel(id, exchange, channel);
    await exchange.loadMarkets();
    this.#noteUnlisted(exchange);
  }

  /** A symbol that is not listed must not keep the others from being watched. @throws if none is listed */
  #noteUnlisted({ markets }: Exchange): void {
    const { exchange: id, symbols, log } = this.#options;
    const unlisted = symbols.filter((symbol) => markets?.[symbol] === undefined);
    const before = this.#unlisted;
    this.#unlisted = unlisted;
    if (unlisted.length > 0 && unlisted.join() !== before.join())
      log.error({ feed: this.#status.feed, symbols: unlisted }, `${id} does not list ${unlisted.join(', ')}`);
    if (unlisted.length === symbols.length) throw new Error(`${id} lists none of the symbols`);
  }

  /** Watches every symbol until the first failure. */
  async #watch(sink: TickSink): Promise<void> {
    const { channel } = this.#options;
    const exchange = this.#exchange;
    if (exchange === null) return;
    const symbols = this.#options.symbols.filter((symbol) => !this.#unlisted.includes(symbol));
    const loops: Promise<void>[] = [];
    if (channel === 'trades' && symbols.length > 1 && exchange.has['watchTradesForSymbols'] === true) {
      // Subscribes to all in one message: exchanges limit the messages a second. The loops below find it done.
      loops.push(exchange.watchTradesForSymbols(symbols).then(() => {}));
    }
    for (const symbol of symbols) loops.push(this.#watchSymbol(exchange, symbol, sink));
    try {
      await new Promise((_resolve, reject) => {
        for (const loop of loops) loop.catch(reject);
      });
    } finally {
      await this.#disconnect();
      // They have nothing left to wait for; one that waits all the same is left alone.
      await this.#patiently(Promise.allSettled(loops));
    }
  }

  async #watchSymbol(exchange: Exchange, symbol: string, sink: TickSink): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const ticks =
        this.#options.channel === 'trades'
          ? (await exchange.watchTrades(symbol)).flatMap((trade) => this.#fromTrade(symbol, trade))
          : this.#fromTicker(symbol, await exchange.watchTicker(symbol));
      this.#show('running', null);
      this.#backoff.reset();
      this.#enqueue(ticks, sink);
    }
  }

  #show(state: FeedStatus['state'], detail: string | null): void {
    const isNews = state !== this.#status.state;
    this.#status.state = state;
    this.#status.detail = detail;
    if (isNews) this.#changed();
  }

  #fromTrade(symbol: string, trade: WatchedTrade): Tick[] {
    const { id, timestamp, side, price, amount } = trade;
    if (timestamp === undefined || price === undefined || amount === undefined) return [];
    if (id !== undefined && !this.#isNew(symbol, id)) return [];
    return [
      {
        symbol,
        price: plain(price),
        quantity: plain(amount),
        side: side === 'buy' || side === 'sell' ? side : null,
        time: timestamp,
        tradeId: id ?? null,
        exchange: this.#options.exchange,
        simulated: false,
      },
    ];
  }

  #fromTicker(symbol: string, { last, timestamp }: WatchedTicker): Tick[] {
    if (last === undefined) return [];
    const time = timestamp ?? this.#options.clock.now();
    const { exchange } = this.#options;
    const price = plain(last);
    return [{ symbol, price, quantity: null, side: null, time, tradeId: null, exchange, simulated: false }];
  }

  #isNew(symbol: string, id: string): boolean {
    let ids = this.#ids.get(symbol);
    if (ids === undefined) this.#ids.set(symbol, (ids = new Set()));
    if (ids.has(id)) return false;
    ids.add(id);
    if (ids.size > MAX_IDS) for (const oldest of ids) return ids.delete(oldest);
    return true;
  }

  #enqueue(ticks: Tick[], sink: TickSink): void {
    this.#queue.push(...ticks);
    const excess = this.#queue.length - MAX_QUEUED;
    if (excess > 0) {
      this.#queue.splice(0, excess);
      this.#dropped += excess;
    }
    this.#delivering ??= this.#deliver(sink).finally(() => {
      this.#delivering = null;
    });
  }

  async #deliver(sink: TickSink): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await sink(batch);
        this.#status.ticks += batch.length;
        this.#status.lastTickAt = this.#options.clock.now();
      } catch {
        this.#dropped += batch.length;
      }
    }
  }

  async #disconnect(): Promise<void> {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange === null) return;
    const connections = Object.values(exchange.clients).map((client) => client.connection);
    await this.#patiently(exchange.close());
    for (const connection of connections) connection?.terminate?.();
  }

  /** Waits for something of the exchange's, but not for long. Never rejects. */
  async #patiently(task: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    await withDeadline(task, { clock, ms: CLOSE_MS, what: 'the exchange' }).catch(() => undefined);
  }
}

/** Puts other hosts in the place of the exchange's, at every depth; paths stay. */
function redirect(urls: unknown, ws: string | null, rest: string | null): unknown {
  if (typeof urls === 'string') {
    const match = /^(ws|http)s?:\/\/[^/]+(.*)$/.exec(urls);
    const base = match?.[1] === 'ws' ? ws : rest;
    return match === null || base === null ? urls : base + (match[2] ?? '');
  }
  if (urls === null || typeof urls !== 'object') return urls;
  return Object.fromEntries(Object.entries(urls).map(([key, value]) => [key, redirect(value, ws, rest)]));
}

/** `5.673e-05` → `0.00005673`: some exchanges send small figures as JSON numbers. */
export function plain(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]?\d{1,3})$/i.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
