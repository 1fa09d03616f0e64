import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';
import type { Clock } from './clock.ts';
import { serveUpgrades } from './upgrade.ts';

export interface Listening {
  server: Server;
  /** `http://host:port`, with the port that was really taken. */
  url: string;
}

/** Starts to serve. @throws the bind error, such as EADDRINUSE */
export async function listen(app: Koa, { host, port }: { host: string; port: number }): Promise<Listening> {
  const handle = app.callback();
  const server = createServer((req, res) => void handle(req, res));
  serveUpgrades(server, (req, res) => void handle(req, res));
  // A client that dribbles its request must not hold a socket for ever; streams are past this once they are asked for.
  server.headersTimeout = 15_000;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host;
  return { server, url: `http://${shown}:${address.port}` };
}

/** Takes no more connections and waits for running requests, at most `graceMs`; then cuts what is left. */
export async function stopListening(server: Server, clock: Clock, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // Once is not enough: a connection becomes idle whenever its request ends.
  const stopSweeping = clock.every(50, () => server.closeIdleConnections());
  const cancelCut = clock.after(graceMs, () => server.closeAllConnections());
  server.closeIdleConnections();
  await closed;
  stopSweeping();
  cancelCut();
}
