import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.ts';
import { lingerAndClose } from '../../lib/linger.ts';

/** A request's bare socket, for who takes it over. */
export interface Upgrade {
  socket: Socket;
  /** What the client sent behind the request. */
  head: Buffer;
  /** Takes the socket from the response: from here on nothing can be answered by HTTP. */
  take(): void;
}

const UPGRADE: unique symbol = Symbol('upgrade');

interface UpgradeRequest extends IncomingMessage {
  [UPGRADE]?: Upgrade;
}

/** @returns `null` for a request that does not ask for a WebSocket */
export function upgradeOf(req: IncomingMessage): Upgrade | null {
  return (req as UpgradeRequest)[UPGRADE] ?? null;
}

/**
 * Passes requests for a WebSocket to the same handler as all others, with a response to refuse them by: so they are
 * logged, limited and authorised by the very same code, and whoever wants to accept one takes its socket.
 */
export function serveUpgrades(
  server: Server,
  handle: (req: IncomingMessage, res: ServerResponse) => void,
  clock: Clock,
): void {
  server.on('upgrade', (req: UpgradeRequest, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') {
      serveWithout(server, req, socket, head);
      return;
    }
    // Nobody else listens while the request is being authorised; whoever takes the socket has its own listener.
    socket.on('error', () => socket.destroy());
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', () => lingerAndClose(socket, clock));
    req[UPGRADE] = { socket, head, take: () => res.detachSocket(socket) };
    handle(req, res);
  });
}

/**
 * An offer of another protocol may be ignored, and must be: Java's HttpClient offers `h2c` with every request. But Node
 * has stopped parsing by now, so the request is put back, without the offer, in front of a new parser.
 */
function serveWithout(server: Server, req: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${req.method ?? 'GET'} ${req.url ?? '/'} HTTP/${req.httpVersion}`];
  for (let i = 0; i + 1 < req.rawHeaders.length; i += 2) {
    const name = req.rawHeaders[i] ?? '';
    const value = req.rawHeaders[i + 1] ?? '';
    if (/^(?:upgrade|http2-settings)$/i.test(name)) continue;
    if (name.toLowerCase() !== 'connection') {
      lines.push(`${name}: ${value}`);
      continue;
    }
    const options = value.split(',').filter((option) => !/^\s*(?:upgrade|http2-settings)\s*$/i.test(option));
    if (options.length > 0) lines.push(`${name}: ${options.join(',')}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
