import type { ServerResponse } from 'node:http';
import { Connection, Session } from 'better-sse';
import type { Clock } from '../lib/clock.ts';
import type { SharedText } from './shared-text.ts';
import type { Sink } from './sink.ts';

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

/** After `end()`, how long a reader that does not read may hold the socket. */
const LINGER_MS = 5_000;

/** An HTTP response as a stream: head, chunks with back-pressure, end. */
export class ResponseConnection extends Connection implements Sink {
  override url = NO_URL;
  override request: Request = NO_REQUEST;
  override response = NO_RESPONSE;
  /** While the session is there. */
  #standIn: RequestStandIn | null = new RequestStandIn();
  readonly #res: ServerResponse;
  readonly #contentType: string;
  readonly #clock: Clock;
  #cancelLinger: (() => void) | null = null;
  #drained: () => void = () => undefined;

  constructor(res: ServerResponse, contentType: string, clock: Clock) {
    super();
    this.#res = res;
    this.#contentType = contentType;
    this.#clock = clock;
    this.request = this.#standIn as unknown as Request;
  }

  get pendingBytes(): number {
    return this.#res.writableLength;
  }

  override sendHead(): void {
    this.#res.writeHead(200, headOf(this.#contentType));
    this.#res.flushHeaders();
  }

  override sendChunk(chunk: string): void {
    if (chunk !== '') this.write(chunk);
  }

  write(chunk: string): boolean {
    if (this.#res.destroyed || this.#res.writableEnded) return false;
    return this.#res.write(chunk);
  }

  /**
   * Past the head the socket is the response's alone, so a chunk that was framed for all goes right into it:
   * `ServerResponse.write` would frame it anew, in four writes.
   */
  writeShared(shared: SharedText): boolean {
    const res = this.#res;
    const { socket } = res;
    if (socket === null || !res.chunkedEncoding || res.destroyed || res.writableEnded) {
      return this.write(shared.text);
    }
    const isTaken = socket.write(shared.httpChunk);
    if (!isTaken) socket.once('drain', this.#drained);
    return isTaken;
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
    this.#res.on('drain', listener);
  }

  end(): void {
    if (this.#res.destroyed) return;
    this.#res.end();
    this.#cancelLinger ??= this.#clock.after(LINGER_MS, () => this.#res.destroy());
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
  if (res.destroyed || res.socket?.destroyed === true) return Promise.resolve(null);
  const connection = new ResponseConnection(res, format.contentType, clock);
  return new Promise((resolve) => {
    const session = new Session(connection, {
      keepAlive: null,
      retry: format.retryMs,
      trustClientEventId: false,
    });
    res.once('close', () => {
      connection.close();
      resolve(null);
    });
    session.once('connected', () => {
      connection.leaveSession();
      resolve(connection);
    });
  });
}
