import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { lingerAndClose } from '../../lib/http/linger.ts';
import { problem } from '../../lib/problem.ts';

/** A request for a WebSocket, with its socket. */
export interface Upgrade {
  req: IncomingMessage;
  socket: Socket;
  /** What the client sent after the request. */
  head: Buffer;
  /** Detaches the socket from the response. After that, the request can no longer be answered over HTTP. */
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

/** Names of subprotocols: tokens (RFC 9110, section 5.6.2), none of them twice. */
function areProtocols(header: string): boolean {
  const names = header.split(',').map((name) => name.trim());
  return names.every((name) => /^[!#$%&'*+.^_`|~\w-]+$/.test(name)) && new Set(names).size === names.length;
}

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** @throws Problem 426 or 400 for a request that is not a complete WebSocket handshake */
export function handshakeOf(req: IncomingMessage): Upgrade {
  const upgrade = upgradeOf(req);
  if (upgrade === null || req.headers['sec-websocket-version'] !== '13') {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' };
    throw problem('upgrade-required', { headers });
  }
  if (req.method !== 'GET' || !KEY.test(req.headers['sec-websocket-key'] ?? '')) {
    throw problem('invalid-request', {
      detail:
        'The WebSocket handshake is not complete. Send `Sec-WebSocket-Key` and `Sec-WebSocket-Version: 13`.',
    });
  }
  const protocols = req.headers['sec-websocket-protocol'];
  if (protocols !== undefined && !areProtocols(protocols)) {
    throw problem('invalid-request', { detail: '`Sec-WebSocket-Protocol` must be a list of names.' });
  }
  return upgrade;
}

/**
 * Passes requests for a WebSocket to the same handler as all others, with a response to refuse them with. So the same
 * code logs, limits and authorises them; `handshakeOf` gives the one that accepts a request its socket.
 */
export function serveUpgrades(
  server: Server,
  handle: (req: IncomingMessage, res: ServerResponse) => unknown,
  clock: Clock = systemClock,
): void {
  server.on('upgrade', (req: UpgradeRequest, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') {
      serveWithout(server, req, socket, head);
      return;
    }
    // Nothing else listens while the request is being authorised.
    socket.on('error', () => socket.destroy());
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket);
    res.once('finish', () => lingerAndClose(socket, clock));
    req[UPGRADE] = { req, socket, head, take: () => res.detachSocket(socket) };
    handle(req, res);
  });
}

/**
 * An offer of another protocol must be ignored: Java's HttpClient offers `h2c` with every request. But Node has stopped
 * parsing by now, so the request goes back, without the offer, to a new parser.
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
