import assert from 'node:assert/strict';
import type { OpenStreams, Received } from '../../bench/load-client.ts';
import { Worker } from '../../bench/worker.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';

const STREAMS = 10_000;
const CLIENTS = 2;

(postgresAvailable() ? describe : describe.skip)('ten thousand streams on one process', function () {
  this.timeout(300_000);
  let node: NodeProcess;
  const clients: Worker[] = [];

  after(async () => {
    for (const client of clients) await client.stop();
    await node?.end('SIGKILL');
  });

  async function received(): Promise<Received> {
    const sums = { events: 0, bytes: 0, closed: 0, p50: 0, p99: 0 };
    for (const client of clients) {
      const { events, bytes, closed } = await client.ask<Received>('received');
      sums.events += events;
      sums.bytes += bytes;
      sums.closed += closed;
    }
    return sums;
  }

  async function until(reached: (sums: Received) => boolean): Promise<Received> {
    for (;;) {
      const sums = await received();
      if (reached(sums)) return sums;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it('all open, all get each event once, and all end when the process is told to', async () => {
    node = await startNode({
      DATABASE_URL: await newPostgresDatabase(),
      MARKET_FEED: 'push',
      PUBLIC_MARKET: 'true',
      STREAMS_MAX: String(STREAMS),
      STREAMS_PER_ADDRESS: String(STREAMS),
      RATE_LIMIT_STREAM: '0',
      RATE_LIMIT_ADDRESS: '0',
      LOG_LEVEL: 'warn',
    });
    const authorization = await logIn(node.url);
    const url = `${node.url}/v1/streams?channels=trade:BTC/KRW`;
    for (let n = 0; n < CLIENTS; n += 1) clients.push(new Worker('load-client.ts'));
    await Promise.all(
      clients.map((client, n) => {
        const count = STREAMS / CLIENTS;
        const opening: OpenStreams = { url, count, sampled: 0, from: `127.0.0.${20 + n}` };
        return client.ask('open', opening, 200_000);
      }),
    );
    const metrics = await (await fetch(`${node.url}/metrics`, { headers: { authorization } })).text();
    assert.match(metrics, /marktide_stream_connections\{transport="sse"\} 10000\n/);
    // One more has no place.
    assert.equal((await fetch(url)).status, 503);

    for (let tick = 1; tick <= 5; tick += 1) {
      const response = await fetch(`${node.url}/v1/market/ticks`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ symbol: 'BTC/KRW', price: String(tick), quantity: '1' }),
      });
      assert.equal(response.status, 200);
      const { events } = await until((sums) => sums.events >= tick * STREAMS);
      assert.equal(events, tick * STREAMS);
    }
    assert.equal((await received()).closed, 0);

    const ended = node.end('SIGTERM');
    await until((sums) => sums.closed === STREAMS);
    assert.equal(await ended, 0);
    assert.equal((await received()).events, 5 * STREAMS);
  });
});
