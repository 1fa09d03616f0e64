import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Connection, Session } from 'better-sse';
import type { Clock } from '../../lib/clock.ts';
import type { SharedText } from '../core/shared-text.ts';
import type { Sink } from '../core/sink.ts';

/**
 * better-sse asks its connection for a Fetch `Request` and `Response`. All it reads of them is a header, a query
 * parameter and the abort signal; real ones would cost each stream several kilobytes.
 */
const NO_URL = new URL('http://stream.invalid/');
const NO_RESPONSE = {} as Response;
const NO_REQUEST = {} as Request;

class RequestStandIn {
  readonly headers = { get: () => null };
  readonly signal: {
    addEventListener(type: string, listener: () => void): void;
    removeEventListener(): void;
  };
  aborted: (() => void) | null = null;

  constructor() {
    this.signal = {
      addEventListener: (_type, listener) => {
        this.aborted = listener;
      },
      removeEventListener: () => {
        this.aborted = null;
      },
    };
  }
}

/** Nothing on the way may keep, change or hold back what is sent. */
export function headOf(contentType: string): Record<string, string> {
  return {
    'Content-Type': contentType,
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  };
}

/**
 * Forgets the headers that are set. `removeHeader` for each would leave a table for dozens of them: a thirteenth of all
 * that a stream keeps. Where Node.js names it otherwise one day, it stays.
 */
function dropHeaders(res: ServerResponse): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  const table = Object.getOwnPropertySymbols(res).find(({ description }) => description === 'kOutHeaders');
  // As it is before the first header is set.
  if (table !== undefined) Reflect.set(res, table, null);
}

/** After `end()`, how long a reader that does not read may hold the socket. */
const LINGER_MS = 5_000;

/**
 * An HTTP response as a stream: head, text with back-pressure, end. It ends with its connection (RFC 9112, section 6.3),
 * so it goes right to the socket: of what `ServerResponse` would keep for each, headers above all, nothing is needed for
 * hours, and no text has to be framed again for each reader.
 */
export class ResponseConnection extends Connection implements Sink {
  override url = NO_URL;
  override request: Request = NO_REQUEST;
  override response = NO_RESPONSE;
  /** While the session is there. */
  #standIn: RequestStandIn | null = new RequestStandIn();
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #contentType: string;
  readonly #clock: Clock;
  #cancelLinger: (() => void) | null = null;

  constructor(res: ServerResponse, socket: Socket, contentType: string, clock: Clock) {
    super();
    this.#res = res;
    this.#socket = socket;
    this.#contentType = contentType;
    this.#clock = clock;
    this.request = this.#standIn as unknown as Request;
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  override sendHead(): void {
    const res = this.#res;
    res.statusCode = 200;
    for (const [name, value] of Object.entries(headOf(this.#contentType))) res.setHeader(name, value);
    res.setHeader('Date', new Date(this.#clock.now()).toUTCString());
    res.setHeader('Connection', 'close');
    let head = 'HTTP/1.1 200 OK\r\n';
    for (const name of res.getHeaderNames()) {
      for (const value of [res.getHeader(name) ?? []].flat()) head += `${name}: ${value}\r\n`;
    }
    dropHeaders(res);
    this.#socket.write(`${head}\r\n`, 'latin1');
  }

  override sendChunk(chunk: string): void {
    if (chunk !== '') this.write(chunk);
  }

  write(chunk: string): boolean {
    return this.#isOver ? false : this.#socket.write(chunk);
  }

  writeShared(shared: SharedText): boolean {
    return this.#isOver ? false : this.#socket.write(shared.bytes);
  }

  get #isOver(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener);
  }

  end(): void {
    if (this.#socket.destroyed) return;
    this.#socket.end();
    this.#cancelLinger ??= this.#clock.after(LINGER_MS, () => this.#socket.destroy());
  }

  /** The client has gone, or the response is complete. */
  close(): void {
    this.#cancelLinger?.();
    this.#standIn?.aborted?.();
  }

  /** The session has begun the response, which is all it does: a stream that is open for hours need not keep it. */
  leaveSession(): void {
    this.#standIn = null;
    this.request = NO_REQUEST;
  }

  override cleanup(): void {
    // Nothing to undo: the response emits nothing after 'close'.
  }
}

/**
 * Starts the response through better-sse.
 * @returns the connection once the head is out, or `null` if the client had gone before
 */
export function openResponse(
  res: ServerResponse,
  format: { contentType: string; retryMs: number | null },
  clock: Clock,
): Promise<ResponseConnection | null> {
  // better-sse would wait for ever for a client that is already gone.
  const { socket } = res;
  if (res.destroyed || socket === null || socket.destroyed) return Promise.resolve(null);
  const connection = new ResponseConnection(res, socket, format.contentType, clock);
  // Not `once`, which keeps three objects more for as long as it waits, in every connection; it comes once anyway.
  res.on('close', () => connection.close());
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(null);
    const session = new Session(connection, {
      keepAlive: null,
      retry: format.retryMs,
      trustClientEventId: false,
    });
    res.on('close', giveUp);
    session.once('connected', () => {
      res.off('close', giveUp);
      connection.leaveSession();
      resolve(connection);
    });
  });
}
