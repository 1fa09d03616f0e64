import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../lib/clock.ts';
import type { EndReason, Sink } from '../core/sink.ts';

/** Close codes: those of RFC 6455 where one fits, else 4000 + the HTTP status of the same meaning. */
export const CLOSE_CODES = {
  'token-expired': 4401,
  revoked: 4401,
  'access-lost': 4403,
  'slow-reader': 4408,
  'rate-limited': 1013,
  'max-age': 1001,
  shutdown: 1012,
  ended: 1000,
  unavailable: 1013,
} as const satisfies Record<EndReason, number>;

export const CLOSE_UNSUPPORTED = 1003;
export const CLOSE_POLICY = 1008;
export const CLOSE_ERROR = 1011;

/** Bytes that may wait in the socket before `write` returns false. */
const HIGH_WATER = 64 * 1024;
/** How long the client may take to answer the close frame. */
const LINGER_MS = 5_000;

/** A WebSocket as a stream: messages with back-pressure, and a close code that gives the reason. */
export class WebSocketConnection implements Sink {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #drained: () => void = () => undefined;
  #full = false;
  #cancelLinger: (() => void) | null = null;

  constructor(ws: WebSocket, socket: Socket, clock: Clock) {
    this.#ws = ws;
    this.#socket = socket;
    this.#clock = clock;
    ws.once('close', () => this.#cancelLinger?.());
  }

  get pendingBytes(): number {
    return this.#ws.bufferedAmount;
  }

  /** Sends each line as a message, all of them in one write to the socket. */
  write(lines: string): boolean {
    if (this.#ws.readyState !== WebSocket.OPEN) return false;
    this.#socket.cork();
    let start = 0;
    for (let end = lines.indexOf('\n'); end !== -1; end = lines.indexOf('\n', start)) {
      const last = end === lines.length - 1;
      this.#ws.send(lines.slice(start, end), last ? this.#sent : undefined);
      start = end + 1;
    }
    this.#socket.uncork();
    this.#full = this.#ws.bufferedAmount >= HIGH_WATER;
    return !this.#full;
  }

  /** There is one listener: the current subscriber. */
  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(reason: EndReason): void {
    this.close(CLOSE_CODES[reason], reason);
  }

  close(code: number, reason: string): void {
    if (this.#ws.readyState === WebSocket.CLOSED) return;
    this.#ws.close(code, reason);
    this.#cancelLinger ??= this.#clock.after(LINGER_MS, () => this.#ws.terminate());
  }

  readonly #sent = (): void => {
    if (!this.#full || this.#ws.bufferedAmount >= HIGH_WATER) return;
    this.#full = false;
    this.#drained();
  };
}
