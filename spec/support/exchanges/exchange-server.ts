import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** A public trade that a stand-in has really made: what a feed must come to know, or tell a gap for. */
export interface RealTrade {
  symbol: string;
  id: number;
  time: number;
  price: string;
  amount: string;
  side: 'buy' | 'sell';
}

/** How an exchange's public protocol looks. */
export interface Protocol {
  /** The body of an answer, or `null` for a path that it does not have. */
  rest(url: URL, trades: readonly RealTrade[]): unknown;
  /** The symbols that a message subscribes to, and what is answered. */
  subscribe(message: unknown): { symbols: string[]; answer: unknown };
  /** The message of a live trade. */
  live(trade: RealTrade): unknown;
}

/** What a stand-in answers instead, as an exchange in trouble does. */
export interface Trouble {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** A server on loopback that speaks an exchange's public protocol, and can be put into every kind of trouble. */
export class ExchangeServer {
  readonly trades: RealTrade[] = [];
  /** What is answered for a path instead of the truth; `null`: the truth. */
  trouble: (path: string) => Trouble | null = () => null;
  /** Trades before this one are no longer returned. */
  firstKept = 0;
  /** Trades happen, but nobody is told: the connections stay open. */
  isFrozen = false;
  /** Paths asked for since the start. */
  readonly asked: string[] = [];
  subscriptions = 0;
  readonly #protocol: Protocol;
  readonly #sockets = new Set<Socket>();
  readonly #readers = new Map<WebSocket, Set<string>>();
  readonly #waiting = new Set<() => void>();
  readonly #http;
  #port = 0;
  #held: { path: RegExp; answers: (() => void)[] } | null = null;

  private constructor(protocol: Protocol) {
    this.#protocol = protocol;
    this.#http = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://exchange');
      this.asked.push(url.pathname);
      this.#wake();
      const answer = (): void => this.#answer(url, response);
      if (this.#held !== null && this.#held.path.test(url.pathname)) this.#held.answers.push(answer);
      else answer();
    });
    this.#http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    const server = new WebSocketServer({ server: this.#http });
    server.on('error', () => {});
    server.on('connection', (client) => {
      client.on('error', () => {});
      client.once('close', () => this.#readers.delete(client));
      client.on('message', (data: Buffer) => this.#hear(client, data.toString()));
    });
  }

  static async start(protocol: Protocol): Promise<ExchangeServer> {
    const server = new ExchangeServer(protocol);
    await server.#listen(0);
    return server;
  }

  get ws(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get rest(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Makes a trade, and tells it unless it is frozen. @param heard `false`: it gets lost on its way */
  trade(trade: RealTrade, heard = true): void {
    this.trades.push(trade);
    if (this.isFrozen || !heard) return;
    for (const [client, symbols] of this.#readers) {
      if (symbols.has(trade.symbol)) client.send(JSON.stringify(this.#protocol.live(trade)));
    }
  }

  /** Answers to a path wait until the returned function is called. */
  hold(path: RegExp): () => void {
    const held = { path, answers: [] as (() => void)[] };
    this.#held = held;
    return () => {
      this.#held = null;
      for (const answer of held.answers) answer();
    };
  }

  /** Resolves when the predicate holds, looked at whenever something is asked for. */
  async until(predicate: () => boolean): Promise<void> {
    while (!predicate()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Resolves when so many subscriptions have come in since the start. */
  async subscribed(count: number): Promise<void> {
    await this.until(() => this.subscriptions >= count);
  }

  /** Cuts every connection without a closing handshake; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.cut();
    await closed;
  }

  /** Listens again on the same port. */
  async restart(): Promise<void> {
    await this.#listen(this.#port);
  }

  async #listen(port: number): Promise<void> {
    this.#http.listen(port, '127.0.0.1');
    await once(this.#http, 'listening');
    const address = this.#http.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    this.#port = address.port;
  }

  #hear(client: WebSocket, text: string): void {
    if (this.isFrozen) return;
    const { symbols, answer } = this.#protocol.subscribe(JSON.parse(text));
    if (symbols.length === 0) return;
    const known = this.#readers.get(client) ?? new Set();
    for (const symbol of symbols) known.add(symbol);
    this.#readers.set(client, known);
    if (answer !== null) client.send(JSON.stringify(answer));
    this.subscriptions += 1;
    this.#wake();
  }

  #answer(url: URL, response: ServerResponse): void {
    const trouble = this.trouble(url.pathname);
    if (trouble !== null) {
      response.writeHead(trouble.status, { 'content-type': 'application/json', ...trouble.headers });
      response.end(trouble.body);
      return;
    }
    const kept = this.trades.filter(({ id }) => id >= this.firstKept);
    const body = this.#protocol.rest(url, kept);
    response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
