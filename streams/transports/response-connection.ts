import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import type { SharedText } from '../core/sink.ts';
import type { Sink } from '../core/sink.ts';
import { takeSocket } from './lean-response.ts';

/** Headers that keep every proxy and cache from storing, changing or buffering the stream. */
export function streamHeaders(contentType: string): Record<string, string> {
  return {
    'Content-Type': contentType,
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  };
}

/** After `end()`, how long a client that does not read may hold the socket. */
const LINGER_MS = 5_000;

/** An HTTP response as a stream: text with back-pressure, and an end. */
export class ResponseConnection implements Sink {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #cancelLinger: (() => void) | null = null;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
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

  /** The response has closed. */
  closed(): void {
    this.#cancelLinger?.();
  }
}

/**
 * Sends the head of a 200 response, with the headers that were set on it, and the first bytes of its body.
 * @param format.opening ASCII text that the body begins with
 * @returns the connection, or `null` if the client has disconnected already
 */
export function openResponse(
  res: ServerResponse,
  format: { contentType: string; opening: string },
  clock: Clock,
): ResponseConnection | null {
  const { socket } = res;
  if (res.destroyed || socket === null || socket.destroyed) return null;
  for (const [name, value] of Object.entries(streamHeaders(format.contentType))) res.setHeader(name, value);
  res.setHeader('Date', new Date(clock.now()).toUTCString());
  const connection = new ResponseConnection(socket, clock);
  // Not `once`, which keeps three more objects for each connection. The event comes once anyway.
  res.on('close', () => connection.closed());
  takeSocket(res, socket, format.opening);
  return connection;
}
