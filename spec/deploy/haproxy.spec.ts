import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { PROBLEMS } from '../../lib/problem.ts';
import { problemSchema } from '../../routes/http/problem-body.ts';
import { type TestApp, startApp } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { type Haproxy, haproxyAvailable, startHaproxy } from '../support/haproxy.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { rawRequest } from '../support/routes/raw-request.ts';
import { StreamClient } from '../support/stream-client.ts';

const isRunnable = haproxyAvailable() && postgresAvailable() && redisAvailable();

(isRunnable ? describe : describe.skip)('two nodes behind the example for HAProxy', () => {
  let redis: RedisServer;
  let nodes: TestApp[];
  let proxy: Haproxy;

  before(async () => {
    redis = await startRedisServer();
    const env = { REDIS_URL: redis.url, MARKET_FEED: 'push', PUBLIC_MARKET: 'true', TRUST_PROXY: '1' };
    const databaseUrl = await newPostgresDatabase();
    nodes = [await startApp({ env, databaseUrl }), await startApp({ env, databaseUrl })];
    for (const node of nodes) {
      const isReady = async (): Promise<boolean> => (await node.call('GET', '/readyz')).status === 200;
      await eventually(isReady, 'readiness', { everyMs: 50 });
    }
    const [one, two] = nodes.map(({ url }) => new URL(url).host);
    proxy = await startHaproxy([one ?? '', two ?? '']);
  });
  after(async () => {
    await proxy?.stop();
    for (const node of nodes ?? []) await node.close();
    await redis?.stop();
  });

  it('stream events as they come, and go on with those after the last id, whichever node answers', async () => {
    const [one] = nodes;
    assert.ok(one !== undefined);
    const { authorization } = await one.user('admin');
    const push = async (price: string): Promise<void> => {
      const { status } = await fetch(`${proxy.url}/v1/market/ticks`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ symbol: 'BTC/KRW', price, quantity: '1' }),
      });
      assert.equal(status, 200);
    };
    const url = `${proxy.url}/v1/streams?channels=trade:BTC/KRW`;
    const first = new StreamClient(url);
    await first.ready();
    await push('1');
    await first.until(() => first.of('trade').length === 1, 'the first trade');
    first.cut();
    await push('2');
    const second = new StreamClient(url, { lastEventId: first.lastEventId });
    await second.until(() => second.of('trade').length === 1, 'what was missed');
    assert.equal(second.of('trade')[0]?.data.price, '2');
    assert.equal(second.of('reset').length, 0);
    second.cut();
  });

  it('keep the metrics of one node from everybody', async () => {
    await assertTold(proxy, '/metrics', 404, 'not-found');
  });

  it('say themselves what is too long', async () => {
    const long = await fetch(`${proxy.url}/v1/streams?channels=${'x'.repeat(20_000)}`);
    assert.equal(long.headers.get('content-type'), 'application/problem+json');
    assert.match(((await long.json()) as { detail: string }).detail, /POST \/v1\/streams\/subscriptions/);
    const wide = await fetch(proxy.url, { headers: { 'x-big': 'x'.repeat(20_000) } });
    assert.deepEqual([wide.status, wide.headers.get('content-type')], [431, 'application/problem+json']);
  });
});

(haproxyAvailable() ? describe : describe.skip)('what HAProxy answers when nodes fail', () => {
  const sockets = new Set<Socket>();
  let node: Server;
  let proxy: Haproxy;

  before(async () => {
    node = createServer((request, response) => {
      if (request.url === '/cut') request.socket.destroy();
      else if (request.url !== '/late') response.end();
    });
    node.on('connection', (socket) => sockets.add(socket));
    node.listen(0, '127.0.0.1');
    await once(node, 'listening');
    const host = `127.0.0.1:${(node.address() as AddressInfo).port}`;
    proxy = await startHaproxy([host, host], '1s');
  });
  after(async () => {
    await proxy?.stop();
    for (const socket of sockets) socket.destroy();
    if (node?.listening) node.close();
  });

  it('is told as nodes tell their problems', async () => {
    await assertTold(proxy, '/cut', 502, 'unavailable');
    await assertTold(proxy, '/late', 504, 'unavailable');
    node.close();
    for (const socket of sockets) socket.destroy();
    await assertTold(proxy, '/', 503, 'unavailable');
  });
});

/** The proxy's own answer to a request on a connection of its own, as a node would tell it. */
async function assertTold(
  proxy: Haproxy,
  path: string,
  status: number,
  slug: keyof typeof PROBLEMS,
): Promise<void> {
  const answer = await rawRequest(proxy.url, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const headers = new Headers(
    answer.head
      .split('\r\n')
      .slice(1)
      .map((line): [string, string] => [line.split(': ', 1)[0] ?? '', line.replace(/^.*?: /, '')]),
  );
  assert.equal(answer.status, status);
  assert.equal(headers.get('content-type'), 'application/problem+json');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('retry-after'), status > 500 ? '1' : null);
  const { requestId, detail: _, ...rest } = problemSchema.parse(JSON.parse(answer.body));
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.equal(headers.get('x-request-id'), requestId);
  assert.deepEqual(rest, { type: `/problems/${slug}`, title: PROBLEMS[slug][1], status });
}
