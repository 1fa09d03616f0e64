import assert from 'node:assert/strict';
import { type TestApp, startApp } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { type Haproxy, haproxyAvailable, startHaproxy } from '../support/haproxy.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
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
    assert.equal((await fetch(`${proxy.url}/metrics`)).status, 403);
  });
});
