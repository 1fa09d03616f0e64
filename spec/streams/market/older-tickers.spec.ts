import assert from 'node:assert/strict';
import { newPostgresDatabase, onPostgres } from '../../support/databases.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { redisAvailable, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient, type StreamEvent } from '../../support/stream-client.ts';

const CHANNELS = '/v1/streams?channels=ticker:*,ticker:BTC/KRW,trade:BTC/KRW';

/** A log that begins anew: every ticker is in the state that a stream begins with all the same. */
onPostgres('tickers from before the log', () => {
  let app: TestApp;
  let user: TestUser;

  async function push(symbol: string, price: string): Promise<void> {
    const body = { symbol, price, quantity: '1' };
    assert.equal((await app.call('POST', '/v1/market/ticks', { as: user, body })).status, 200);
  }

  function open(lastEventId: string | null = null, path = CHANNELS): StreamClient {
    return new StreamClient(app.url + path, { headers: { authorization: user.authorization }, lastEventId });
  }

  /** All tickers as REST has them, by symbol. */
  async function listed(): Promise<Record<string, string>> {
    const { body } = await app.call('GET', '/v1/market/tickers', { as: user });
    const items = body.items as { symbol: string; price: string }[];
    return Object.fromEntries(items.map(({ symbol, price }) => [symbol, price]));
  }

  const told = (events: readonly StreamEvent[]): Record<string, string> =>
    Object.fromEntries(
      events.filter(({ event }) => event === 'ticker').map(({ data }) => [data.symbol, data.price]),
    );

  it('are told by a process that was started again, once, and to who resumes behind a reset', async () => {
    const databaseUrl = await newPostgresDatabase();
    app = await startApp({ databaseUrl });
    let id: string | null;
    let before: object;
    try {
      user = await app.user('admin');
      await push('BTC/KRW', '110');
      await push('BTC/KRW', '100');
      await push('ETH/KRW', '7');
      const client = open();
      await client.ready();
      id = client.lastEventId;
      before = client.of('ticker').find(({ data }) => data.symbol === 'BTC/KRW')?.data;
      client.cut();
    } finally {
      await app.close();
    }
    app = await startApp({ databaseUrl });
    try {
      assert.deepEqual(await listed(), { 'BTC/KRW': '100', 'ETH/KRW': '7' });
      for (const from of [null, id]) {
        const client = open(from);
        await client.ready();
        assert.equal(client.of('reset').length, from === null ? 0 : 1);
        assert.equal(client.of('ticker').length, 2, 'each once');
        const after = client.of('ticker').find(({ data }) => data.symbol === 'BTC/KRW')?.data;
        assert.equal(after?.status, 'stale', 'known from stored candles alone');
        const whenever = { time: null, asOf: null, feed: null, status: null };
        assert.deepEqual({ ...after, ...whenever }, { ...before, ...whenever }, 'with its 24 hours');
        assert.deepEqual(told(client.events), await listed());
        assert.deepEqual(client.of('trade'), []);
        const resumed = open(client.lastEventId);
        await resumed.ready();
        assert.deepEqual(resumed.of('ticker'), [], 'who has been told is not told again');
        resumed.cut();
        client.cut();
      }
      await push('BTC/KRW', '101');
      const client = open();
      await client.ready();
      assert.deepEqual(told(client.events), { 'BTC/KRW': '101', 'ETH/KRW': '7' });
      await push('ETH/KRW', '8');
      await client.until(() => told(client.events)['ETH/KRW'] === '8', 'the next tick');
      client.cut();
    } finally {
      await app.close();
    }
  });

  it('are told after Redis has lost its data', async function () {
    if (!redisAvailable()) this.skip();
    const redis = await startRedisServer();
    app = await startApp({ databaseUrl: await newPostgresDatabase(), env: { REDIS_URL: redis.url } });
    try {
      user = await app.user('admin');
      await push('BTC/KRW', '100');
      await push('BTC/KRW', '90');
      const client = open();
      await client.ready();
      const [before] = client.of('ticker');
      assert.equal(before?.data.high, '100');
      const seen = client.events.length;
      await redis.restart({ keepData: false });
      await client.until(() => client.of('reset').length > 0, 'the reset');
      await client.until(
        () => client.events.slice(seen).some(({ event }) => event === 'ready'),
        'the end of the state',
      );
      const anew = client.events.slice(seen).filter(({ event }) => event === 'ticker');
      assert.deepEqual(
        anew.map(({ data }) => data),
        [before?.data],
      );
      client.cut();
    } finally {
      await app.close();
      await redis.stop();
    }
  });
});
