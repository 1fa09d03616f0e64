import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { StreamClient } from '../../support/stream-client.ts';

const CHANNELS = '/v1/streams?channels=trade:BTC/KRW,ticker:BTC/KRW';

(redisAvailable() && postgresAvailable() ? describe : describe.skip)(
  'streams of two nodes on one Redis',
  function () {
    this.timeout(90_000);
    let redis: RedisServer;
    let nodes: [TestApp, TestApp];
    let admin: TestUser;

    before(async () => {
      redis = await startRedisServer({ persistent: true });
      const databaseUrl = await newPostgresDatabase();
      const env = { REDIS_URL: redis.url, PUBLIC_MARKET: 'true' };
      nodes = [await startApp({ env, databaseUrl }), await startApp({ env, databaseUrl })];
      admin = await nodes[0].user('admin');
    });
    after(async () => {
      for (const node of nodes ?? []) await node.close();
      await redis?.stop();
    });

    /** Repeats until Redis takes it: a push that fails is answered at once, and repeating it is up to the client. */
    async function push(price: number): Promise<void> {
      const isTaken = async (): Promise<boolean> => {
        const body = { symbol: 'BTC/KRW', price: String(price), quantity: '1' };
        const { status } = await nodes[0].call('POST', '/v1/market/ticks', { as: admin, body });
        if (status !== 200) assert.equal(status, 503);
        return status === 200;
      };
      await eventually(isTaken, 'a push that is taken');
    }

    async function readiness(node: TestApp, wanted: number): Promise<void> {
      const isSo = async (): Promise<boolean> => (await node.call('GET', '/readyz')).status === wanted;
      await eventually(isSo, `readiness ${wanted}`, { everyMs: 50 });
    }

    function prices(client: StreamClient): string[] {
      return client.of('trade').map(({ data }) => data.price);
    }

    it('a Redis that comes back with its data: streams say so, go on without a gap, and readiness follows', async () => {
      const clients = nodes.map((node) => new StreamClient(node.url + CHANNELS));
      for (const client of clients) await client.ready();
      await push(1);
      for (const client of clients) await client.until(() => prices(client).length === 1);
      await redis.kill('SIGKILL');
      for (const client of clients) {
        await client.until(
          () => client.of('notice').some(({ data }) => data.code === 'delayed'),
          'the notice',
        );
      }
      await readiness(nodes[1], 503);
      await redis.restart({ keepData: true });
      await push(2);
      for (const client of clients) {
        await client.until(() => prices(client).length === 2, 'the event after the outage');
        assert.deepEqual(prices(client), ['1', '2']);
        assert.equal(client.of('reset').length, 0);
        await client.until(
          () => client.of('notice').some(({ data }) => data.code === 'restored'),
          'the all-clear',
        );
        client.cut();
      }
      await readiness(nodes[1], 200);
    });

    it('a Redis that comes back empty: a reset with the current state, never silence', async () => {
      await push(10);
      const clients = nodes.map((node) => new StreamClient(node.url + CHANNELS));
      for (const client of clients) await client.ready();
      const old = clients[0]?.lastEventId ?? null;
      await redis.restart({ keepData: false });
      for (const client of clients) await client.until(() => client.of('reset').length > 0, 'the reset');
      await push(11);
      for (const client of clients) {
        await client.until(() => prices(client).includes('11'));
        client.cut();
      }
      const back = new StreamClient(nodes[1].url + CHANNELS, { lastEventId: old });
      await back.ready();
      assert.equal(back.events[0]?.event, 'reset');
      assert.equal(back.of('ticker').at(-1)?.data.price, '11');
      back.cut();
    });

    it('a Redis that freezes: the same notice, and the same recovery', async () => {
      const client = new StreamClient(nodes[1].url + CHANNELS);
      await client.ready();
      redis.pause();
      try {
        await client.until(
          () => client.of('notice').some(({ data }) => data.code === 'delayed'),
          'the notice',
        );
        await readiness(nodes[1], 503);
        const fresh = new StreamClient(nodes[1].url + CHANNELS);
        await fresh.until(() => fresh.of('notice').length > 0 || fresh.isClosed).catch(() => undefined);
        fresh.cut();
      } finally {
        redis.resume();
      }
      await push(20);
      await client.until(() => prices(client).includes('20'));
      await readiness(nodes[1], 200);
      client.cut();
    });

    it('logging out on one node ends the streams on the other', async () => {
      const leaving = await nodes[0].user();
      const streams = nodes.map(
        (node) =>
          new StreamClient(`${node.url}/v1/streams/market`, {
            headers: { authorization: leaving.authorization },
          }),
      );
      for (const stream of streams) await stream.ready();
      const { status } = await nodes[0].call('POST', '/v1/auth/logout', { as: leaving });
      assert.equal(status, 204);
      for (const stream of streams) {
        await stream.closed();
        assert.equal(stream.of('notice').at(-1)?.data.code, 'revoked');
      }
    });

    it('a stalled reader costs a bounded amount and delays nobody', async () => {
      const stalled = new StreamClient(`${nodes[1].url}/v1/streams?channels=trade:BTC/KRW`);
      await stalled.ready();
      stalled.pause();
      const others = Array.from(
        { length: 4 },
        () => new StreamClient(`${nodes[1].url}/v1/streams?channels=trade:BTC/KRW`),
      );
      for (const other of others) await other.ready();
      const limit = nodes[1].services.config.STREAM_QUEUE_KB * 1024;
      const total = 40_000;
      let most = 0;
      for (let sent = 0; sent < total; sent += 1_000) {
        const items = Array.from({ length: 1_000 }, (_, index) => ({
          symbol: 'BTC/KRW',
          price: String(100_000 + sent + index),
          quantity: '1',
        }));
        const answer = await nodes[0].call('POST', '/v1/market/ticks', { as: admin, body: { items } });
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        for (const other of others)
          await other.until(() => other.of('trade').length >= sent + 1_000, 'what the others are owed');
        for (const { subscriber } of nodes[1].services.hub.streams())
          most = Math.max(most, subscriber.queuedBytes);
      }
      assert.ok(most > 0, 'nothing was ever queued for the stalled reader');
      // What was handed to the socket before it said stop, and the queue behind it.
      assert.ok(most < 3 * limit, `${most} bytes were queued`);
      assert.equal(
        nodes[1].services.hub.streams().filter(({ subscriber }) => !subscriber.isEnded).length,
        others.length,
        'the stalled stream was not ended',
      );
      stalled.resume();
      await stalled.closed();
      for (const other of others) other.cut();
    });
  },
);

describe('a token that expires', () => {
  it('ends the stream it opened, with a notice and a retry', async () => {
    const app = await startApp({ env: { ACCESS_TOKEN_TTL: '2' } });
    try {
      const user = await app.user();
      const stream = new StreamClient(`${app.url}/v1/streams/market`, {
        headers: { authorization: user.authorization },
      });
      await stream.ready();
      await stream.closed();
      assert.equal(stream.of('notice').at(-1)?.data.code, 'token-expired');
      assert.ok(stream.retry !== null);
      const again = await app.call('GET', '/v1/streams/market', { as: user });
      assert.equal(again.status, 401);
      assert.equal(again.body.type, '/problems/token-expired');
    } finally {
      await app.close();
    }
  });
});
