import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../lib/clock.ts';
import type { Upgrade } from './upgrade.ts';

/** Largest message a client may send. Its own channels at their most are about half of it. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

/** Accepts WebSockets, and cuts those whose other side has died without a word. */
export class SocketServer {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Deflate costs each connection hundreds of kilobytes, and compresses what is encrypted next to secrets.
    perMessageDeflate: false,
    handleProtocols: () => false,
  });
  /** Whether each has been heard of since the last ping. */
  readonly #heard = new Map<WebSocket, boolean>();
  readonly #cancelPings: () => void;

  /** A socket that lets two pings in a row pass is cut. */
  constructor({ clock, pingMs }: { clock: Clock; pingMs: number }) {
    this.#cancelPings = clock.every(pingMs, () => this.#ping());
  }

  /** Completes the handshake, which must have been checked. @returns `null` if the client has gone meanwhile */
  accept(req: IncomingMessage, upgrade: Upgrade): WebSocket | null {
    upgrade.take();
    let accepted: WebSocket | null = null;
    this.#server.handleUpgrade(req, upgrade.socket, upgrade.head, (ws) => {
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
      // A reader that is behind is not dead: its pings would only wait in the same queue.
      if (ws.readyState === ws.OPEN) ws.ping();
    }
  }
}
