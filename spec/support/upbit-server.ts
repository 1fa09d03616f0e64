import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export interface UpbitMessage {
  type: string;
  code: string;
  stream_type: string;
  trade_price: number;
  trade_volume: number;
  trade_timestamp: number;
  timestamp: number;
  ask_bid: string;
  sequential_id?: string;
}

/** Messages recorded from Upbit; the file says when. */
export const recorded: { ticker: UpbitMessage[]; trade: UpbitMessage[] } = JSON.parse(
  readFileSync(new URL('../fixtures/upbit-ws-messages.json', import.meta.url), 'utf8'),
);

export interface UpbitServer {
  readonly ws: string;
  readonly rest: string;
  /** Each subscription message received, parsed, of all connections. */
  readonly subscriptions: { type?: string; codes?: string[] }[][];
  /** Sends to every connection that has subscribed to it. */
  send(message: UpbitMessage): void;
  /** Resolves when so many subscription messages have come in since the start. */
  subscribed(count: number): Promise<void>;
  /** Cuts every connection without a closing handshake; new ones are taken. */
  cut(): void;
  /** Stops listening, and cuts. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

/** A server that speaks Upbit's public protocol: `GET /v1/market/all`, and the WebSocket's `ticker` and `trade`. */
export async function startUpbit(markets = ['KRW-BTC', 'KRW-ETH']): Promise<UpbitServer> {
  const sockets = new Set<Socket>();
  const wanted = new Map<WebSocket, { type?: string; codes?: string[] }[]>();
  const subscriptions: { type?: string; codes?: string[] }[][] = [];
  const waiting: { count: number; resolve: () => void }[] = [];

  const http = createServer((request, response) => {
    const known = request.url?.startsWith('/v1/market/all') === true;
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known ? markets.map((market) => ({ market, english_name: market })) : {}));
  });
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const sockserver = new WebSocketServer({ server: http, path: '/websocket/v1' });
  sockserver.on('error', () => {});
  sockserver.on('connection', (client) => {
    client.on('error', () => {});
    client.once('close', () => wanted.delete(client));
    client.on('message', (data: Buffer) => {
      const message: { type?: string; codes?: string[] }[] = JSON.parse(data.toString());
      wanted.set(client, message);
      subscriptions.push(message);
      // A snapshot comes first for each code asked for: the newest trade once more.
      for (const { type, codes } of message) {
        for (const snapshot of [...recorded.ticker, ...recorded.trade]) {
          const asked = snapshot.type === type && codes?.includes(snapshot.code) === true;
          if (asked && snapshot.stream_type === 'SNAPSHOT')
            client.send(Buffer.from(JSON.stringify(snapshot)));
        }
      }
      for (const { count, resolve } of waiting) if (subscriptions.length >= count) resolve();
    });
  });

  async function listen(port: number): Promise<number> {
    http.listen(port, '127.0.0.1');
    await once(http, 'listening');
    const address = http.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    return address.port;
  }
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const port = await listen(0);

  return {
    ws: `ws://127.0.0.1:${port}`,
    rest: `http://127.0.0.1:${port}`,
    subscriptions,
    send(message) {
      for (const [client, message_] of wanted) {
        const asked = message_.some(
          ({ type, codes }) => type === message.type && codes?.includes(message.code) === true,
        );
        if (asked) client.send(Buffer.from(JSON.stringify(message)));
      }
    },
    async subscribed(count) {
      if (subscriptions.length >= count) return;
      await new Promise<void>((resolve) => waiting.push({ count, resolve }));
    },
    cut,
    async stop() {
      if (!http.listening) return;
      const closed = once(http, 'close');
      http.close();
      cut();
      await closed;
    },
    async restart() {
      await listen(port);
    },
  };
}
