import { newPostgresDatabase } from '../spec/support/databases.ts';
import { logIn } from '../spec/support/node-process.ts';
import type { OpenStreams, Received } from './load-client.ts';
import type { Published } from './peers/peer.ts';
import { quantile, type Section, short } from './report.ts';
import { load, type Read } from './request-load.ts';
import type { OpenSockets, SocketsReceived } from './socket-load.ts';
import { Child } from './child.ts';

/** Streams open at once, besides the permanent WebSockets. */
const LEVELS = [0, 1_000, 5_000, 10_000];
const SOCKETS = 1_000;
const CLIENTS = 2;
const EVENTS_PER_S = 2;
/** Ten readers with ten requests per second each. */
const READERS = { connections: 10, ms: 5_000, paceMs: 100 };
const LOG_INS = 20;
const NEW_STREAMS = 50;
const COINS = 20;
const PASSWORD = 'the password of a bench';

interface Level {
  streams: number;
  openedPerSecond: number;
  health: number[];
  summary: number[];
  logIn: number[];
  newStream: number[];
  p50: number;
  p99: number;
  sent: number;
  expected: number;
  received: number;
  closed: number;
}

async function send(url: string, authorization: string, path: string, body: object): Promise<{ id: string }> {
  const headers = { authorization, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as { id: string };
}

/** @returns the summary of a portfolio of all coins, as the request to make */
async function readableSummary(url: string): Promise<Read> {
  const authorization = await logIn(url, undefined, PASSWORD);
  const symbols = Array.from({ length: COINS }, (_, n) => `C${n}/KRW`);
  const { id } = await send(url, authorization, '/v1/portfolios', { name: 'P', cashMode: 'untracked' });
  const fill = { side: 'buy', quantity: '1.5', price: '1000', time: '2026-01-05T00:00:00.000Z' };
  const items = symbols.map((symbol) => ({ symbol, ...fill }));
  await send(url, authorization, `/v1/portfolios/${id}/trades`, { items });
  const ticks = symbols.map((symbol) => ({ symbol, price: '1100' }));
  await send(url, authorization, '/v1/market/ticks', { items: ticks });
  return { url, authorization, paths: [`/v1/portfolios/${id}`] };
}

async function timed(times: number, act: () => Promise<unknown>): Promise<number[]> {
  const waits: number[] = [];
  for (let done = 0; done < times; done += 1) {
    const start = performance.now();
    await act();
    waits.push(performance.now() - start);
  }
  return waits;
}

/** Opens a stream and closes it as soon as it is up to date. */
async function untilReady(url: string): Promise<void> {
  const cut = new AbortController();
  const { body } = await fetch(url, { signal: cut.signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes('event:ready')) break;
  }
  cut.abort();
}

/** The requests while the streams are open and events flow. */
async function underLoad(
  streamUrl: string,
  read: Read,
): Promise<Pick<Level, 'health' | 'summary' | 'logIn' | 'newStream'>> {
  const { waits: health } = await load({ ...read, authorization: null, paths: ['/healthz'] }, READERS);
  const { waits: summary } = await load(read, READERS);
  const logIns = await timed(LOG_INS, () => logIn(read.url, undefined, PASSWORD));
  return { health, summary, logIn: logIns, newStream: await timed(NEW_STREAMS, () => untilReady(streamUrl)) };
}

/** @returns the number of events */
async function publishUntil(over: AbortSignal, server: Child): Promise<number> {
  let sent = 0;
  while (!over.aborted) {
    const { events } = await server.ask<Published>('publish', { rate: EVENTS_PER_S, seconds: 2 });
    sent += events;
  }
  return sent;
}

/** Until everything has arrived, at most 20 s. */
async function received(
  clients: readonly Child[],
  sockets: Child,
  expected: number,
): Promise<Received & { total: number }> {
  for (let waited = 0; ; waited += 100) {
    const each = await Promise.all(clients.map((client) => client.ask<Received>('received')));
    const own = await sockets.ask<SocketsReceived>('received');
    const total = each.reduce((sum, { events }) => sum + events, own.events);
    const closed = each.reduce((sum, one) => sum + one.closed, own.closed);
    const [first] = each;
    if (first === undefined) throw new Error('no client');
    if (total >= expected || waited >= 20_000) return { ...first, closed, total };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function measure(
  server: Child,
  clients: readonly Child[],
  sockets: Child,
  open: number,
  more: number,
  streamUrl: string,
  read: Read,
): Promise<Level> {
  const opening: OpenStreams = {
    url: streamUrl,
    count: more / CLIENTS,
    sampled: Math.min(50, more / CLIENTS),
    from: '127.0.0.2',
  };
  const start = performance.now();
  await Promise.all(clients.map((client) => client.ask('open', opening)));
  const openedPerSecond = (more * 1_000) / (performance.now() - start);
  for (const worker of [...clients, sockets]) await worker.ask('reset');
  const over = new AbortController();
  const publishing = publishUntil(over.signal, server);
  const waits = await underLoad(streamUrl, read);
  over.abort();
  const sent = await publishing;
  const expected = sent * (open + more + SOCKETS);
  const { p50, p99, closed, total } = await received(clients, sockets, expected);
  return {
    streams: open + more,
    openedPerSecond,
    ...waits,
    p50,
    p99,
    sent,
    expected,
    received: total,
    closed,
  };
}

/** How many connections one process holds, and how soon it responds meanwhile. */
export async function concurrency(): Promise<Section[]> {
  const server = new Child('peers/marktide.ts', {
    DATABASE_URL: await newPostgresDatabase(),
    JWT_SECRET: 'a secret that only the benches of this project use',
    ADMIN_PASSWORD: PASSWORD,
    RATE_LIMIT_LOGIN: '0',
  });
  const clients = Array.from({ length: CLIENTS }, () => new Child('load-client.ts'));
  const sockets = new Child('socket-load.ts');
  const levels: Level[] = [];
  try {
    const streamUrl = await server.ask<string>('url');
    await server.ask('admin');
    const { origin, search } = new URL(streamUrl);
    const read = await readableSummary(origin);
    const opening: OpenSockets = {
      url: `${origin.replace('http', 'ws')}/v1/ws${search}`,
      count: SOCKETS,
      from: '127.0.0.3',
    };
    await sockets.ask('open', opening);
    // The first request of each kind loads code.
    await underLoad(streamUrl, read);
    let open = 0;
    for (const streams of LEVELS) {
      levels.push(await measure(server, clients, sockets, open, streams - open, streamUrl, read));
      open = streams;
    }
  } finally {
    await Promise.all([...clients, sockets].map((worker) => worker.stop()));
    await server.stop();
  }
  const both = (waits: readonly number[]): string =>
    `${short(quantile(waits, 0.5))} / ${short(quantile(waits, 0.99))}`;
  const closed = levels.reduce((sum, level) => sum + level.closed, 0);
  const lost = levels.reduce((sum, level) => sum + level.expected - level.received, 0);
  return [
    {
      name: 'concurrency',
      setup: `One process on PostgreSQL with ${SOCKETS} WebSockets all the time and more and more event streams beside them, to each of which ${EVENTS_PER_S} events a second go. Meanwhile ${READERS.connections} readers ask every ${READERS.paceMs} ms for \`/healthz\`, then for the summary of ${COINS} holdings, with a credential; then ${LOG_INS} log-ins (argon2id) one after the other, and ${NEW_STREAMS} new streams, each until it is in step. All in milliseconds, median / p99; clients and server share the machine.`,
      rows: {
        columns: [
          'streams',
          'opened/s',
          '/healthz',
          'summary',
          'log-in',
          'new stream',
          'event, publish to client',
          'delivered',
          'closed',
        ],
        lines: levels.map((level) => [
          level.streams,
          level.streams === 0 ? '' : short(level.openedPerSecond),
          both(level.health),
          both(level.summary),
          both(level.logIn),
          both(level.newStream),
          level.streams === 0 ? '' : `${short(level.p50)} / ${short(level.p99)}`,
          `${level.received} of ${level.expected}`,
          level.closed,
        ]),
      },
      verdicts: [
        {
          target: 'every event delivered to every stream and WebSocket',
          measured: `${lost} lost`,
          holds: lost === 0,
        },
        { target: 'none of them closed', measured: `${closed}`, holds: closed === 0 },
      ],
    },
  ];
}
