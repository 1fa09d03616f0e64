import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Upgrade } from './upgrade.ts';

/** The largest message that a client may send. The longest list of channels takes about half of it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** Accepts WebSockets, and cuts those whose client has died silently. */
export class SocketServer {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Deflate costs hundreds of kilobytes per connection, and compressing secrets before encryption can leak them.
    perMessageDeflate: false,
    handleProtocols: () => false,
  });
  /** Whether each has sent anything since the last ping. */
  readonly #heard = new Map<WebSocket, boolean>();
  readonly #cancelPings: () => void;

  /** @param options.pingMs time between pings (default 15,000 ms); a socket that misses two in a row is cut */
  constructor({ clock = systemClock, pingMs = 15_000 }: { clock?: Clock; pingMs?: number } = {}) {
    this.#cancelPings = clock.every(pingMs, () => this.#ping());
  }

  /** Completes a handshake that `handshakeOf` has checked. @returns `null` if the client has disconnected already */
  accept(upgrade: Upgrade): WebSocket | null {
    upgrade.take();
    let accepted: WebSocket | null = null;
    this.#server.handleUpgrade(upgrade.req, upgrade.socket, upgrade.head, (ws) => {
      accepted = ws;
      this.#heard.set(ws, true);
      const hear = (): void => void this.#heard.set(ws, true);
      ws.on('pong', hear);
      ws.on('message', hear);
      ws.once('close', () => this.#heard.delete(ws));
    });
    return accepted;
  }

  close(): void {
    this.#cancelPings();
    for (const ws of this.#heard.keys()) ws.terminate();
  }

  #ping(): void {
    for (const [ws, heard] of this.#heard) {
      if (!heard) {
        ws.terminate();
        continue;
      }
      this.#heard.set(ws, false);
      if (ws.readyState === ws.OPEN) ws.ping();
    }
  }
}
