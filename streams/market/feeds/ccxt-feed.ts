import type { Clock, Random } from '../../../lib/clock.ts';
import { withDeadline } from '../../../lib/async/deadline.ts';
import { backoff, type Backoff, pause } from '../../../lib/async/backoff.ts';
import { redirect } from '../../../lib/exchanges/ccxt.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import {
  type Feed,
  type FeedDoubts,
  type FeedGap,
  type FeedStatus,
  NO_DOUBTS,
  type TickSink,
} from '../market-feed.ts';
import { Pace } from '../pace.ts';
import type { Tick } from '../tick.ts';
import {
  type Exchange,
  type LoadCcxt,
  loadExchange,
  requireChannel,
  type WatchedTicker,
  type WatchedTrade,
} from './ccxt-exchange.ts';
import { isHalted, tickOfTicker, tickOfTrade } from './ccxt-tick.ts';
import { ClockSkew } from './clock-skew.ts';
import { MissedTrades } from './missed-trades.ts';
import type { SymbolClaims } from './symbol-claims.ts';
import { MAX_QUEUED, TickQueue } from './tick-queue.ts';
import type { LastTrade } from './trade-tape.ts';
import { WatchedSymbols } from './watched-symbols.ts';

/** How often the exchange is asked whether it has halted or delisted a symbol. */
const MARKETS_MS = 300_000;
/** How often the server is asked whether prices of other symbols are needed. */
const NEEDED_MS = 60_000;
/** How often ccxt is asked whether it has begun to connect. */
const CONNECT_MS = 100;
/** How often it is checked whether the connection has gone silent. */
const SILENCE_MS = 5_000;
/** Each time that reconnecting brought no ticks, twice the silence is tolerated, up to this many times the usual. */
const MAX_PATIENCE = 64;
/** How long an exchange may take to answer the closing handshake. */
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
  /** The last known trade of a symbol: what came after it is read from the history. Default: none. */
  lastTrade?: ((symbol: string, exchange: string) => LastTrade | null) | undefined;
  /** Further pairs whose rate is needed: `USD/KRW` values dollars in won. Default: none. */
  needed?: (() => Promise<readonly string[]>) | undefined;
  /** Which of these another feed brings. */
  claims?: SymbolClaims | undefined;
  /** Loads ccxt; replaced in tests. */
  load?: LoadCcxt;
}

/**
 * Live trades (or last prices) of an exchange, through ccxt's WebSocket. After any failure, and when a connection has
 * gone silent, it reconnects with a fresh exchange object after a back-off. Trades that it missed meanwhile are read
 * over REST and arrive late; those that cannot be had are reported as a gap.
 */
export class CcxtFeed implements Feed {
  readonly #options: CcxtOptions;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #symbols: WatchedSymbols;
  readonly #trades: MissedTrades;
  readonly #queue: TickQueue;
  readonly #pace = new Pace();
  /** How many times the usual silence is tolerated. */
  #patience = 1;
  readonly #skew = new ClockSkew();
  #sink: TickSink = () => Promise.resolve();
  #changed: () => void = () => {};
  #missed: (gap: FeedGap) => void = () => {};
  #doubts: FeedDoubts = NO_DOUBTS;
  #running: Promise<void> | null = null;
  #exchange: Exchange | null = null;
  readonly #status: FeedStatus;

  constructor(options: CcxtOptions) {
    this.#options = options;
    const { exchange: id, symbols, lastTrade, needed, claims, clock, random, log } = options;
    const feed = `ccxt:${id}`;
    this.#backoff = backoff(clock, random);
    this.#status = { feed, state: 'starting', detail: null, lastTickAt: null, ticks: 0 };
    this.#symbols = new WatchedSymbols({ feed, id, symbols, needed, claims, log });
    const missed = (gap: FeedGap): void => this.#missed(gap);
    const settle = (symbol: string): void => this.#doubts.settle(symbol);
    this.#queue = new TickQueue({
      sink: (ticks) => this.#sink(ticks),
      taken: (count) => {
        this.#status.ticks += count;
        this.#status.lastTickAt = clock.now();
      },
      settled: settle,
      missed,
    });
    this.#trades = new MissedTrades({
      id,
      lastTrade,
      take: (symbol, trades) => this.#queue.add(trades.flatMap((trade) => this.#fromTrade(symbol, trade))),
      missed,
      settled: (symbol) => this.#queue.settle(symbol),
      doubts: { open: (gap) => this.#doubts.open(gap), settle },
      clock,
      random,
      log,
    });
  }

  start(
    sink: TickSink,
    changed: () => void = () => {},
    missed: (gap: FeedGap) => void = () => {},
    doubts: FeedDoubts = NO_DOUBTS,
  ): void {
    this.#sink = sink;
    this.#changed = changed;
    this.#missed = missed;
    this.#doubts = doubts;
    this.#running ??= this.#run();
  }

  status(): FeedStatus {
    const { exchange } = this.#options;
    const { unlisted, closed } = this.#symbols;
    const { dropped } = this.#queue;
    const { aheadMs } = this.#skew;
    const details = [
      this.#status.detail,
      unlisted.length === 0 ? null : `${exchange} does not list ${unlisted.join(', ')}`,
      dropped === 0 ? null : `${dropped} ticks dropped while the log was held up`,
      aheadMs === 0 ? null : `the clock of ${exchange} is ${aheadMs} ms ahead of this machine's`,
    ];
    return { ...this.#status, detail: details.filter(Boolean).join('; ') || null, closed, aheadMs };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#disconnect();
    // A request for the list of markets may hang for long. It is not waited for, and its response is not used.
    await this.#patiently(Promise.resolve(this.#running));
    await this.#queue.idle();
    this.#trades.close();
    this.#status.state = 'ended';
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#watch(await this.#connect());
      } catch (error) {
        if (signal.aborted) return;
        this.#show('retrying', error instanceof Error ? error.message.slice(0, 500) : String(error));
      }
      await this.#disconnect();
      await this.#backoff.wait(signal);
    }
  }

  async #connect(): Promise<Exchange> {
    const { exchange: id, channel, ws, rest, load } = this.#options;
    const Class = await loadExchange(id, load);
    const exchange = new Class({
      // Text, not doubles.
      number: String,
      // Each watch resolves to what is new since the last. A burst must fit into ccxt's own buffer.
      newUpdates: true,
      options: { tradesLimit: MAX_QUEUED },
      enableRateLimit: true,
    });
    this.#exchange = exchange;
    exchange.urls.api = redirect(exchange.urls.api, { ws, rest });
    // ccxt refuses unencrypted addresses until this is loaded.
    await exchange.loadHttpProxyAgent();
    requireChannel(id, exchange, channel);
    await exchange.loadMarkets();
    // A symbol that is not listed must not keep the others from being watched.
    this.#symbols.update(exchange);
    return exchange;
  }

  /** Watches every symbol until the first failure. */
  async #watch(exchange: Exchange): Promise<void> {
    // It may have been closed meanwhile.
    if (this.#exchange === null) return;
    const { channel, clock } = this.#options;
    const symbols = this.#symbols.listed;
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#closing.signal]);
    if (channel === 'trades') this.#trades.connecting(exchange, symbols, signal);
    this.#pace.restart(clock.monotonic());
    const loops: Promise<void>[] = [];
    if (channel === 'trades' && symbols.length > 1 && exchange.has['watchTradesForSymbols'] === true) {
      // Subscribes to all in one message, since exchanges limit messages per second. The loops below find it done.
      loops.push(exchange.watchTradesForSymbols(symbols).then(() => {}));
    }
    for (const symbol of symbols) loops.push(this.#watchSymbol(exchange, symbol));
    void this.#connected(exchange, symbols, signal);
    const stops = [clock.every(MARKETS_MS, () => void this.#readMarkets(exchange))];
    try {
      await new Promise((_resolve, reject) => {
        for (const loop of loops) loop.catch(reject);
        stops.push(clock.every(SILENCE_MS, () => this.#checkSilence(reject)));
        const look = async (): Promise<void> => {
          const added = await this.#symbols.addNeeded(exchange, signal);
          if (channel === 'trades' && added.length > 0) this.#trades.added(added);
          for (const symbol of added) {
            const loop = this.#watchSymbol(exchange, symbol);
            loops.push(loop);
            loop.catch(reject);
          }
        };
        look().catch(reject);
        stops.push(clock.every(NEEDED_MS, () => void look().catch(reject)));
      });
    } finally {
      over.abort();
      this.#trades.disconnected();
      for (const stop of stops) stop();
      await this.#disconnect();
      // They have nothing left to wait for. One that waits all the same is left behind.
      await this.#patiently(Promise.allSettled(loops));
    }
  }

  /** The feed is live as soon as it is connected: a quiet market may be silent for long. */
  async #connected(exchange: Exchange, symbols: readonly string[], signal: AbortSignal): Promise<void> {
    // ccxt connects a moment after it is asked to watch, and does not say when.
    while (Object.keys(exchange.clients).length === 0 && !signal.aborted)
      await pause(this.#options.clock, CONNECT_MS, signal);
    try {
      await Promise.all(Object.values(exchange.clients).flatMap(({ connected }) => connected ?? []));
    } catch {
      // The loops that watch fail too.
      return;
    }
    if (this.#exchange !== exchange) return;
    this.#show('running', null);
    this.#trades.connected(symbols);
  }

  /** A connection that is open but silent may be dead: it is given up. */
  #checkSilence(giveUp: (reason: Error) => void): void {
    if (!this.#pace.isOverdue(this.#options.clock.monotonic(), 0, this.#patience)) return;
    this.#patience = Math.min(MAX_PATIENCE, this.#patience * 2);
    giveUp(new Error('the connection is open, but nothing has come for long'));
  }

  async #readMarkets(exchange: Exchange): Promise<void> {
    try {
      await exchange.loadMarkets(true);
      if (this.#exchange === exchange) this.#symbols.update(exchange);
    } catch (error) {
      const { log } = this.#options;
      log.debug({ err: error, feed: this.#status.feed }, 'the list of markets cannot be read again');
    }
  }

  async #watchSymbol(exchange: Exchange, symbol: string): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const ticks =
        this.#options.channel === 'trades'
          ? (await exchange.watchTrades(symbol)).flatMap((trade) => this.#fromLive(symbol, trade))
          : this.#fromTicker(symbol, await exchange.watchTicker(symbol));
      this.#show('running', null);
      this.#backoff.reset();
      this.#pace.arrived(this.#options.clock.monotonic());
      this.#patience = 1;
      await this.#trades.untilDeliverable(symbol);
      this.#queue.add(ticks);
    }
  }

  #show(state: FeedStatus['state'], detail: string | null): void {
    const isNews = state !== this.#status.state;
    this.#status.state = state;
    this.#status.detail = detail;
    if (isNews) this.#changed();
  }

  #fromLive(symbol: string, trade: WatchedTrade): Tick[] {
    const before = this.#trades.lastOf(symbol);
    if (trade.timestamp !== undefined) this.#skew.arrived(trade.timestamp, this.#options.clock.now());
    const ticks = this.#fromTrade(symbol, trade);
    if (ticks.length === 0) return [];
    // Before the tick is delivered: a hole must not be lost if the process ends here.
    this.#trades.live(symbol, trade, before);
    this.#symbols.mark(symbol, false);
    return ticks;
  }

  #fromTrade(symbol: string, trade: WatchedTrade): Tick[] {
    const { timestamp } = trade;
    if (timestamp === undefined) return [];
    const { exchange, clock } = this.#options;
    const tick = tickOfTrade({ symbol, exchange }, trade, this.#skew.correct(timestamp, clock.now()));
    return tick !== null && this.#trades.take(symbol, trade) ? [tick] : [];
  }

  #fromTicker(symbol: string, ticker: WatchedTicker): Tick[] {
    this.#symbols.mark(symbol, isHalted(ticker));
    const { exchange, clock } = this.#options;
    const tick = tickOfTicker({ symbol, exchange }, ticker, clock.now());
    return tick === null ? [] : [tick];
  }

  async #disconnect(): Promise<void> {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange === null) return;
    const connections = Object.values(exchange.clients).map((client) => client.connection);
    await this.#patiently(exchange.close());
    for (const connection of connections) connection?.terminate?.();
  }

  /** Waits for something that the exchange does, but not for long. Never rejects. */
  async #patiently(task: Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    await withDeadline(task, { clock, ms: CLOSE_MS, what: 'the exchange' }).catch(() => undefined);
  }
}
