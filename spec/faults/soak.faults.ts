import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startApp, TEST_PASSWORD, type TestApp, type TestUser } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { watch } from '../support/log-watch.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { type RedisServer, redisAvailable, startRedisServer } from '../support/redis-server.ts';
import { SocketClient } from '../support/socket-client.ts';
import { StreamClient } from '../support/stream-client.ts';
import { say } from './say.ts';

/** Each of them is what one customer does in a day, in a hurry. */
const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 60);
/** Caches, pools and compiled code fill up in the first of them. */
const WARM_UP = Math.max(5, Math.floor(ROUNDS / 3));
/** Of the heap, after a collection. A client that leaves 10 KB behind in each round is found. */
const SLACK_MIB = 8;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Held {
  heapMib: number;
  /** What keeps the process alive, by kind. */
  resources: Record<string, number>;
  listeners: number;
}

(postgresAvailable() && redisAvailable() ? describe : describe.skip)(
  `a day of ${ROUNDS} customers`,
  function () {
    this.timeout(ROUNDS * 20_000);
    let app: TestApp;
    let admin: TestUser;
    let redis: RedisServer;

    before(async () => {
      const limits = ['ADDRESS', 'USER', 'LOGIN'].map((name) => [`RATE_LIMIT_${name}`, '0']);
      // Rings in memory keep what they are meant to keep: here they are in Redis.
      redis = await startRedisServer();
      const env = { ...Object.fromEntries(limits), REDIS_URL: redis.url };
      app = await startApp({ databaseUrl: await newPostgresDatabase(), env });
      admin = await app.user('admin');
    });
    after(async () => {
      await app?.close();
      await redis?.stop();
    });

    async function customer(n: number): Promise<void> {
      const user = await app.user();
      const { body: portfolio } = await app.call('POST', '/v1/portfolios', {
        as: user,
        body: { name: `Day ${n}` },
      });
      const path = `/v1/portfolios/${portfolio.id}`;
      const headers = { authorization: user.authorization };
      const channels = `ticker:*,candle:BTC/KRW:1m,pnl:${portfolio.id},holdings:${portfolio.id},fills:${portfolio.id}`;
      const streams = Array.from(
        { length: 5 },
        () => new StreamClient(`${app.url}/v1/streams?channels=${channels}`, { headers }),
      );
      const socket = new SocketClient(`${app.url}/v1/ws?channels=${channels}`, { headers });
      await Promise.all([...streams, socket].map((each) => each.ready()));
      const items = Array.from({ length: 50 }, (_, k) => ({
        externalId: `t${k}`,
        exchange: 'bot',
        symbol: k % 2 === 0 ? 'BTC/KRW' : `C${k % 7}/KRW`,
        side: k % 5 === 4 ? 'sell' : 'buy',
        quantity: '0.5',
        price: String(90_000_000 + k),
        time: new Date(Date.UTC(2026, 2, 1) + k * 60_000).toISOString(),
      }));
      for (const status of [201, 200]) {
        assert.equal(
          (await app.call('POST', `${path}/trades`, { as: user, body: { items } })).status,
          status,
        );
      }
      const rows = Array.from(
        { length: 200 },
        (_, k) => `2026-03-03T09:00:00Z,file,BTC/KRW,buy,1,90000000,i${k}`,
      );
      const imported = await fetch(`${app.url}${path}/trades/import`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'text/csv' },
        body: ['time,exchange,symbol,side,quantity,price,externalId', ...rows, ''].join('\n'),
      });
      assert.equal(imported.status, 201);
      await imported.text();
      for (let k = 0; k < 20; k += 1) {
        const body = {
          symbol: k % 2 === 0 ? 'BTC/KRW' : `C${k % 7}/KRW`,
          price: String(90_000_000 + n * 100 + k),
        };
        assert.equal((await app.call('POST', '/v1/market/ticks', { as: admin, body })).status, 200);
      }
      const last = String(90_000_000 + n * 100 + 18);
      const [kept, ...others] = streams;
      for (const each of others) each.cut();
      await kept?.until(() => kept.of('ticker').some(({ data }) => data.price === last), 'the last tick');
      const resumed = new StreamClient(`${app.url}/v1/streams?channels=${channels}`, {
        headers,
        lastEventId: kept?.lastEventId ?? null,
      });
      await resumed.ready();
      for (const question of [
        '',
        '/holdings',
        '/pnl',
        '/trades?limit=20&q=bot',
        '/pnl/periods?interval=day&from=2026-03-01&to=2026-03-10',
        '/performance?from=2026-03-01&to=2026-03-10',
        '/lots',
      ]) {
        assert.equal((await app.call('GET', path + question, { as: user })).status, 200, question);
      }
      resumed.cut();
      kept?.cut();
      socket.cut();
      if (n % 2 === 0) assert.equal((await app.call('DELETE', path, { as: user })).status, 204);
      const body = { email: user.email, password: TEST_PASSWORD };
      assert.equal((await app.call('POST', '/v1/auth/login', { body })).status, 200);
      assert.equal((await app.call('POST', '/v1/auth/logout-everywhere', { as: user })).status, 204);
    }

    async function held(): Promise<Held> {
      // All streams have heard that their clients are gone.
      const isOver = async (): Promise<boolean> =>
        (await app.call('GET', '/v1/streams/sessions', { as: admin })).body.items.length === 0;
      await eventually(isOver, 'the end of all streams', { everyMs: 20 });
      // The watch over secrets keeps what it has seen; that is the test's memory, not the program's.
      watch.take();
      for (let n = 0; n < 3; n += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        collect();
      }
      const resources: Record<string, number> = {};
      for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
      const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
      return { heapMib: process.memoryUsage().heapUsed / 2 ** 20, resources, listeners };
    }

    it('leaves memory, timers, sockets and listeners as they were', async () => {
      for (let n = 0; n < WARM_UP; n += 1) await customer(n);
      const before = await held();
      for (let n = WARM_UP; n < ROUNDS; n += 1) await customer(n);
      const after = await held();
      say(
        `heap ${before.heapMib.toFixed(1)} → ${after.heapMib.toFixed(1)} MiB, ${JSON.stringify(after.resources)}`,
      );
      assert.ok(after.heapMib < before.heapMib + SLACK_MIB, `${before.heapMib} → ${after.heapMib} MiB`);
      assert.equal(after.listeners, before.listeners);
      for (const [name, count] of Object.entries(after.resources)) {
        // Connections that are kept alive or pooled come and go by a few.
        assert.ok(
          count <= (before.resources[name] ?? 0) + 12,
          `${name}: ${before.resources[name] ?? 0} → ${count}`,
        );
      }
    });
  },
);
