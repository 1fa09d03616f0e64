import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { assertProblem } from '../../support/routes/problems.ts';

const QUOTA = 10;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('rate limits of a fleet', () => {
  let redis: RedisServer;
  let first: TestApp;
  let second: TestApp;
  let admin: TestUser;

  before(async () => {
    redis = await startRedisServer();
    const databaseUrl = await newPostgresDatabase();
    const env = { REDIS_URL: redis.url, RATE_LIMIT_USER: String(QUOTA), RATE_LIMIT_LOGIN: '1000000' };
    [first, second] = [await startApp({ databaseUrl, env }), await startApp({ databaseUrl, env })];
    admin = await first.user('admin');
    await shared();
  });
  after(async () => {
    redis?.resume();
    await first?.close();
    await second?.close();
    await redis?.stop();
  });

  function me(app: TestApp, as: TestUser): Promise<Answer> {
    return app.call('GET', '/v1/auth/me', { as });
  }

  /** A request each until both nodes count in Redis. */
  async function shared(): Promise<void> {
    for (const app of [first, second]) {
      const isShared = async (): Promise<boolean> => {
        if (app.services.limits.scope === 'fleet') return true;
        assert.equal((await app.call('POST', '/v1/auth/login', { body: {} })).status, 400);
        return false;
      };
      await eventually(isShared, 'counting in Redis');
    }
  }

  async function statuses(count: number, app: TestApp, as: TestUser): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < count; i += 1) found.push((await me(app, as)).status);
    return found;
  }

  it('are counted by all nodes together', async () => {
    const user = await first.user();
    assert.ok((await statuses(QUOTA / 2, first, user)).every((status) => status === 200));
    assert.ok((await statuses(QUOTA / 2, second, user)).every((status) => status === 200));
    for (const app of [first, second]) assertProblem(await me(app, user), 429, 'rate-limited');
    const { body } = await first.call('GET', '/v1/admin/rate-limits', { as: admin });
    assert.equal(body.scope, 'fleet');
  });

  it('of an address are counted by each node for itself, without Redis', async () => {
    const remaining = async (app: TestApp): Promise<number> => {
      const { status, headers } = await app.call('GET', '/nothing');
      assert.equal(status, 404);
      return Number(/"address";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    };
    const [atFirst, atSecond] = [await remaining(first), await remaining(second)];
    redis.pause();
    assert.deepEqual(
      [await remaining(first), await remaining(first), await remaining(second)],
      [atFirst - 1, atFirst - 2, atSecond - 1],
    );
    redis.resume();
    const client = new Redis(redis.url);
    assert.deepEqual(await client.keys('*limit:address*'), []);
    client.disconnect();
    await shared();
  });

  it('are told by the node that is asked, which says who it is, as far as it has seen them', async () => {
    const user = await first.user();
    await statuses(4, first, user);
    await statuses(2, second, user);
    const seenBy = async (app: TestApp): Promise<[string, number]> => {
      const { body } = await app.call('GET', '/v1/admin/rate-limits?limit=100', {
        as: await app.user('admin'),
      });
      const { topConsumers } = body.policies.find(({ name }: { name: string }) => name === 'user');
      const client = topConsumers.find((each: { client: string }) => each.client === user.id);
      return [body.node, client.requests];
    };
    const [[firstNode, atFirst], [secondNode, atSecond]] = [await seenBy(first), await seenBy(second)];
    assert.deepEqual([atFirst, atSecond], [4, 2]);
    assert.notEqual(firstNode, secondNode);
  });

  for (const [state, takeAway, bringBack] of [
    ['frozen', () => Promise.resolve(redis.pause()), () => Promise.resolve(redis.resume())],
    ['gone', () => redis.kill('SIGKILL'), () => redis.restart({ keepData: false })],
  ] as const) {
    it(`are counted by each node for itself while Redis is ${state}: nothing fails, nothing goes unlimited`, async () => {
      const user = await first.user();
      assert.ok((await statuses(4, first, user)).every((status) => status === 200));
      await takeAway();
      const found = await statuses(QUOTA + 2, first, user);
      // What it had counted before still counts.
      assert.deepEqual(found, [200, 200, 200, 200, 200, 200, 429, 429, 429, 429, 429, 429]);
      const other = await statuses(QUOTA + 1, second, user);
      assert.deepEqual(other.slice(-2), [200, 429], 'the other node counts too');
      assert.equal(first.services.limits.scope, 'node');
      const { body } = await first.call('GET', '/metrics', { as: admin });
      assert.match(body, /^marktide_rate_limit_shared 0$/m);
      await bringBack();
      await shared();
      const next = await first.user();
      assert.ok((await statuses(QUOTA / 2, first, next)).every((status) => status === 200));
      assert.ok((await statuses(QUOTA / 2, second, next)).every((status) => status === 200));
      assertProblem(await me(second, next), 429, 'rate-limited');
    });
  }
});
