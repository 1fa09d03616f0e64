import assert from 'node:assert/strict';
import { Child } from '../../bench/child.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { logIn, type NodeProcess, startNode } from '../support/node-process.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { seriesOf } from '../support/scrape.ts';
import { StreamClient } from '../support/stream-client.ts';
import type { Joining } from './crowd.ts';
import { say } from './say.ts';

const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 10_000);
const PRICES = ['101', '102', '103'];
const CHANNEL = 'trade:CROWD/KRW';

(postgresAvailable() ? describe : describe.skip)('one process', function () {
  this.timeout(240_000);
  let node: NodeProcess;
  let crowd: Child;
  let authorization: string;

  before(async () => {
    node = await startNode({
      DATABASE_URL: await newPostgresDatabase(),
      MARKET_FEED: 'push',
      DEMO: 'false',
      LOG_LEVEL: 'silent',
      PUBLIC_MARKET: 'true',
      PUBLIC_METRICS: 'true',
      STREAMS_PER_ADDRESS: String(CONNECTIONS),
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_USER: '0',
      RATE_LIMIT_STREAM: '0',
    });
    authorization = await logIn(node.url);
    crowd = new Child('../spec/faults/crowd.ts');
  });
  after(async () => {
    await crowd?.stop();
    await node?.end('SIGKILL');
  });

  async function push(price: string): Promise<void> {
    const response = await fetch(`${node.url}/v1/market/ticks`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ symbol: 'CROWD/KRW', price, quantity: '1' }),
    });
    assert.equal(response.status, 200, await response.text());
  }

  async function openStreams(): Promise<number> {
    const exposition = await (await fetch(`${node.url}/metrics`)).text();
    const series = [...seriesOf(exposition)].filter(([name]) =>
      name.startsWith('marktide_stream_connections{'),
    );
    assert.ok(series.length > 0);
    return series.reduce((sum, [, value]) => sum + value, 0);
  }

  it(`serves ${CONNECTIONS} streams: each event reaches each of them once, and nothing of them stays`, async () => {
    const from = Array.from({ length: 8 }, (_, n) => `127.0.0.${2 + n}`);
    const joining: Joining = { url: `${node.url}/v1/streams?channels=${CHANNEL}`, count: CONNECTIONS, from };
    const start = performance.now();
    await crowd.ask('join', joining, 200_000);
    say(`${CONNECTIONS} streams opened in ${((performance.now() - start) / 1_000).toFixed(1)} s`);
    assert.equal(await openStreams(), CONNECTIONS);

    for (const [index, price] of PRICES.entries()) {
      const received = crowd.ask('until', CONNECTIONS * (index + 1));
      await push(price);
      // Whoever asks meanwhile is answered.
      const [health, portfolios] = await Promise.all([
        fetch(`${node.url}/healthz`),
        fetch(`${node.url}/v1/portfolios`, { headers: { authorization } }),
      ]);
      assert.deepEqual([health.status, portfolios.status], [200, 200]);
      await received;
    }
    const { kinds, closed } = await crowd.ask<{ kinds: Record<string, number>; closed: number }>('received');
    assert.equal(closed, 0);
    // The same trades, in order, under the same ids.
    assert.deepEqual(Object.values(kinds), [CONNECTIONS], Object.keys(kinds).join('\n'));
    assert.deepEqual(
      Object.keys(kinds)[0]
        ?.split(', ')
        .map((each) => each.split(' ')[1]),
      PRICES,
    );

    await crowd.ask('leave');
    await eventually(async () => (await openStreams()) === 0, 'the end of all streams', { everyMs: 50 });
    const later = new StreamClient(joining.url, { headers: { authorization } });
    try {
      await later.ready();
      await push('104');
      await later.until(() => later.of('trade').some(({ data }) => data.price === '104'), 'the next trade');
      assert.equal(await openStreams(), 1);
    } finally {
      later.cut();
    }
  });
});
