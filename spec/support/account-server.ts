import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Fixed, ZERO } from '../../lib/money/money.ts';

/** How a server answers a request. */
export interface ServerAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** A request as a stand-in sees it. */
export interface ServerRequest {
  method: string;
  path: string;
  /** As sent, without `?`. */
  query: string;
  body: string;
  headers: IncomingMessage['headers'];
}

/** A stand-in of an exchange: a server on loopback, and the balances that its own events come to. */
export abstract class AccountServer {
  /** Decides over each request before it is answered; `null`: as it should. */
  refuse: (path: string, query: URLSearchParams) => ServerAnswer | null = () => null;
  readonly balances = new Map<string, Fixed>();
  /** Every request that was let in: path with its query. */
  readonly requests: string[] = [];
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  /** Streams are told nothing, and answer no ping: their connections stay open. */
  isFrozen = false;
  /** Streams that were opened since the start. */
  opened = 0;
  pings = 0;
  pongs = 0;
  readonly #sockets = new WebSocketServer({ noServer: true, autoPong: false });
  readonly #listeners = new Set<WebSocket>();
  readonly #events = new EventEmitter();
  #held: { left: number; opened: Promise<void> } | null = null;
  #ids = 0;

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const status = this.refuseStream(request.url ?? '/', request.headers);
      if (status !== null) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (listener) => this.#open(listener));
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Resolves when so many streams have been opened since the start. */
  async untilOpened(count: number): Promise<void> {
    while (this.opened < count) await once(this.#events, 'opened');
  }

  /** Lets so many more requests in, and then none until the returned function is called. */
  hold(requests: number): () => void {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.#held = { left: requests, opened };
    return () => {
      this.#held = null;
      open();
    };
  }

  /** Resolves when a request is held. */
  async held(): Promise<void> {
    while (this.#held !== null && this.#held.left > 0) await once(this.#events, 'held');
  }

  /** How many listen to the private stream. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Cuts every stream without a closing handshake. */
  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Tells those who listen. */
  tell(event: object): void {
    if (this.isFrozen) return;
    for (const socket of this.#listeners) socket.send(JSON.stringify(event));
  }

  protected abstract answer(request: ServerRequest): ServerAnswer;

  /** The status that refuses a stream; `null`: it may be opened. */
  protected abstract refuseStream(path: string, headers: IncomingMessage['headers']): number | null;

  /** The answer to what a stream has said first, and whether it listens from now on. */
  protected abstract subscribe(message: unknown): { isIn: boolean; answer: object | null };

  protected nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  protected credit(asset: string, amount: Fixed): void {
    this.balances.set(asset, (this.balances.get(asset) ?? ZERO) + amount);
  }

  #open(socket: WebSocket): void {
    socket.on('error', () => undefined);
    socket.on('close', () => this.#listeners.delete(socket));
    socket.on('ping', (data: Buffer) => {
      this.pings += 1;
      if (!this.isFrozen) socket.pong(data, false, () => (this.pongs += 1));
    });
    socket.on('message', (data: Buffer) => {
      const { isIn, answer } = this.subscribe(JSON.parse(data.toString()));
      if (answer !== null) socket.send(JSON.stringify(answer));
      if (!isIn) return;
      this.#listeners.add(socket);
      this.opened += 1;
      this.#events.emit('opened');
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { pathname: path, search, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
    const held = this.#held;
    if (held !== null) {
      held.left -= 1;
      if (held.left <= 0) {
        this.#events.emit('held');
        await held.opened;
      }
    }
    const refused = this.refuse(path, searchParams);
    if (refused === null) this.requests.push(`${path}${search}`);
    const given =
      refused ??
      this.answer({
        method: request.method ?? '',
        path,
        query: search.slice(1),
        body,
        headers: request.headers,
      });
    response.writeHead(given.status, { 'content-type': 'application/json', ...given.headers });
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
  }
}
