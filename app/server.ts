import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import { withDeadline } from '../lib/async/deadline.ts';
import type { Logger } from '../lib/logging/log.ts';
import { MAX_HEAD_BYTES } from '../lib/http/request-limits.ts';
import { serveExpectations } from '../routes/http/expect-continue.ts';
import { serveUpgrades } from '../streams/transports/upgrade.ts';
import { ClientErrors } from './client-error.ts';

export interface Listening {
  server: Server;
  /** `http://host:port`, with the actual port. */
  url: string;
  /** How requests are treated from now on. */
  treat: (manner: Manner) => void;
}

/**
 * A node leaves its fleet in steps, so that others take over first. `leaving`: each response closes its connection.
 * `gone`: it hangs up on requests that are safe to repeat, so that proxies retry them on another node and mark this one
 * as down; others are still answered. Only then may the port be closed, since a request on its way to a closed port
 * would be lost.
 */
export type Manner = 'serving' | 'leaving' | 'gone';

/** How long a client may take, in milliseconds: a slow sender must not hold a socket forever. */
export interface Patience {
  /** From the opening of the connection, or the first byte of a later request, to the end of the headers. */
  headersMs: number;
  /** To the end of the body. A response, such as a stream, may take any time. */
  requestMs: number;
}

/** The server's own limits: a body of any other route is held to REQUEST_TIMEOUT_MS by `bodyTimeout`. */
export function patienceOf(
  config: Pick<Config, 'HEADERS_TIMEOUT_MS' | 'REQUEST_TIMEOUT_MS' | 'UPLOAD_TIMEOUT_MS'>,
): Patience {
  const requestMs = Math.max(config.REQUEST_TIMEOUT_MS, config.UPLOAD_TIMEOUT_MS);
  return { headersMs: config.HEADERS_TIMEOUT_MS, requestMs };
}

/** Longer than proxies keep theirs, so that none sends a request on a closing connection. */
const KEEP_ALIVE_MS = 65_000;

/** Starts to serve. @throws the bind error, such as EADDRINUSE */
export async function listen(
  app: Koa,
  { host, port }: { host: string; port: number },
  { headersMs, requestMs }: Patience,
  tools: { clock: Clock; logger: Logger },
): Promise<Listening> {
  let manner: Manner = 'serving';
  const answer = app.callback();
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    if (manner === 'gone' && (req.method === 'GET' || req.method === 'HEAD')) {
      req.socket.destroy();
      return;
    }
    // After a response that closed the connection.
    if (req.socket.writableEnded) {
      req.socket.destroy();
      return;
    }
    if (manner !== 'serving') res.shouldKeepAlive = false;
    clientErrors.noteRequest(req, res);
    void answer(req, res);
  };
  const options = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: Math.min(headersMs, requestMs),
    requestTimeout: requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // By default, Node.js checks only every thirty seconds.
    connectionsCheckingInterval: Math.min(5_000, Math.ceil(headersMs / 3)),
    // Node.js would refuse it without a problem; `problemHandler` refuses it with one.
    requireHostHeader: false,
  };
  const server = createServer(options, handle);
  const clientErrors = new ClientErrors(server, tools);
  serveExpectations(server, handle, (req, res) => clientErrors.noteRequest(req, res));
  serveUpgrades(server, handle, tools.clock);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return {
    server,
    url: `http://${shown}:${address.port}`,
    treat: (next) => {
      manner = next;
    },
  };
}

/** How long destroyed connections may take to close. */
const CUT_MS = 1_000;

/** Stops accepting connections and waits for running requests, at most `graceMs`; then closes all connections. */
export async function stopListening(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Repeatedly: a connection becomes idle whenever its request ends.
  const stopSweeping = clock.every(50, () => server.closeIdleConnections());
  const cancelCut = clock.after(graceMs, () => server.closeAllConnections());
  server.closeIdleConnections();
  // Upgraded connections are not closed with the rest: they last until the process ends.
  await withDeadline(closed, { clock, ms: graceMs + CUT_MS, what: 'closing the server' }).catch(
    () => undefined,
  );
  stopSweeping();
  cancelCut();
}
