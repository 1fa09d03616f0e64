import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { type Answer, startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { runs } from '../../support/runs.ts';

const DAY = 86_400_000;

type Step = { node: 0 | 1; what: 'write' | 'tick' | 'summary' | 'performance' };

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.constantFrom(0, 1),
  what: fc.constantFrom('write', 'tick', 'summary', 'summary', 'performance'),
});
/** Steps of a group go on at the same time. */
const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 10 });

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('kept answers of a fleet', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let nodes: [TestApp, TestApp];
  let user: TestUser;

  before(async () => {
    redis = await startRedisServer();
    const databaseUrl = await newPostgresDatabase();
    const env = { REDIS_URL: redis.url };
    nodes = [await startApp({ databaseUrl, env }), await startApp({ databaseUrl, env })];
    user = await nodes[0].user('admin');
  });
  after(async () => {
    redis?.resume();
    for (const node of nodes ?? []) await node.close();
    await redis?.stop();
  });

  async function call(node: number, method: string, path: string, body?: unknown): Promise<Answer> {
    const app = nodes[node] ?? assert.fail();
    const answer = await app.call(method, path, { as: user, body });
    assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  const newPortfolio = async (): Promise<string> =>
    `/v1/portfolios/${(await call(0, 'POST', '/v1/portfolios', { name: 'P', timeZone: 'UTC' })).body.id}`;

  const buy = (node: number, path: string): Promise<Answer> =>
    call(node, 'POST', `${path}/trades`, {
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '1',
      price: '1',
      time: new Date(Date.now() - DAY).toISOString(),
    });

  const versionOf = ({ body }: Answer): number => Number(String(body.position).split('@')[0]);

  it('never show a user less than what he has written, on whichever node', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (groups) => {
        const path = await newPortfolio();
        let written = 0;
        const run = async ({ node, what }: Step): Promise<void> => {
          if (what === 'write') {
            await buy(node, path);
            written += 1;
          } else if (what === 'tick') {
            await call(node, 'POST', '/v1/market/ticks', {
              symbol: 'BTC/KRW',
              price: String(1 + Math.random()),
            });
          } else {
            const least = written;
            const answer = await call(node, 'GET', what === 'summary' ? path : `${path}/performance`);
            if (answer.headers.get('x-cache') === 'hit') hits += 1;
            assert.ok(versionOf(answer) >= least, `${what}: ${answer.body.position} after ${least} writes`);
            // A figure of the ledger, and not only its name: each fill has cost 1.
            if (what === 'summary') assert.ok(Number(answer.body.costBasis) >= least);
          }
        };
        for (const group of groups) await Promise.all(group.map(run));
        for (const node of [0, 1]) assert.equal(versionOf(await call(node, 'GET', path)), written);
      }),
      { numRuns: runs(8) },
    );
    assert.ok(hits > 0, 'answers were kept at all');
  });

  it('are made by one node for both', async () => {
    const path = await newPortfolio();
    await buy(0, path);
    const first = await call(0, 'GET', `${path}/performance`);
    await nodes[0].services.answers?.close();
    const second = await call(1, 'GET', `${path}/performance`);
    assert.deepEqual(
      [first, second].map(({ headers }) => headers.get('x-cache')),
      ['miss', 'hit'],
    );
    assert.deepEqual(second.body, first.body);
  });

  it('are made once when both nodes are asked at once by many', async () => {
    const path = await newPortfolio();
    await buy(0, path);
    const asked = Array.from({ length: 40 }, (_, n) => call(n % 2, 'GET', `${path}/performance`));
    const outcomes = (await Promise.all(asked)).map(({ headers }) => headers.get('x-cache'));
    assert.equal(outcomes.filter((outcome) => outcome === 'miss').length, 1);
  });

  for (const [state, takeAway, bringBack] of [
    ['frozen', () => Promise.resolve(redis.pause()), () => Promise.resolve(redis.resume())],
    ['dead', () => redis.kill('SIGKILL'), () => redis.restart({ keepData: false })],
  ] as const) {
    it(`are made from PostgreSQL while Redis is ${state}, and writes are seen on both nodes`, async () => {
      const path = await newPortfolio();
      await buy(0, path);
      await call(1, 'GET', path);
      await takeAway();
      try {
        for (const node of [0, 1]) {
          await buy(node, path);
          for (const reader of [1, 0]) {
            assert.equal(versionOf(await call(reader, 'GET', path)), node + 2);
            assert.equal(versionOf(await call(reader, 'GET', `${path}/performance`)), node + 2);
          }
          await call(node, 'GET', '/v1/market/candles?symbol=BTC/KRW&interval=1m');
        }
      } finally {
        await bringBack();
      }
    });
  }
});
