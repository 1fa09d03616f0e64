import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { startApp, type TestApp, type TestUser } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually, within } from '../support/eventually.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { EvictionReader } from './eviction-reader.ts';
import { type Evictor, startEvictor } from './evictor.ts';
import { PushedTrades } from './pushed-trades.ts';
import { say } from './say.ts';

const SYMBOLS = Array.from({ length: 40 }, (_, n) => `C${n}/KRW`);
const POLICIES = ['allkeys-lru', 'allkeys-random', 'volatile-lru', 'volatile-ttl'];
/** A policy has been tried when each of these keys of the market was evicted so often, */
const EVICTIONS = 3;
/** and so many streams were opened meanwhile. */
const OPENED = 40;
/** Streams that open and end all the time, on each node. */
const COMING_AND_GOING = 3;
const WITHIN_MS = 90_000;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('a Redis that evicts', function () {
  this.timeout(240_000);
  let redis: RedisServer;
  let admin: Redis;
  let evictor: Evictor;
  let apps: TestApp[];
  let user: TestUser;
  let trades: PushedTrades;

  beforeEach(async () => {
    redis = await startRedisServer();
    admin = new Redis(redis.url);
    const databaseUrl = await newPostgresDatabase();
    const limits = ['ADDRESS', 'USER', 'STREAM'].map((name) => [`RATE_LIMIT_${name}`, '0']);
    const env = {
      ...Object.fromEntries(limits),
      REDIS_URL: redis.url,
      RING_MB: '1',
      STREAMS_PER_USER: '1000',
    };
    apps = [await startApp({ databaseUrl, env }), await startApp({ databaseUrl, env })];
    const [first] = apps;
    assert.ok(first);
    user = await first.user('admin');
    trades = new PushedTrades(SYMBOLS);
    evictor = await startEvictor(redis.url);
  });
  afterEach(async () => {
    await evictor?.close();
    await within(Promise.all((apps ?? []).map((app) => app.close())), 'closing the nodes', 60_000);
    admin?.disconnect();
    await redis?.stop();
  });

  function open(node: number): EvictionReader {
    const url = `${apps[node]?.url}/v1/streams?channels=ticker:*,trade:*`;
    return new EvictionReader(url, user.authorization, trades);
  }

  /** Pushes a trade of each symbol through one node after the other, whether it is taken or not. */
  async function push(turn: number): Promise<void> {
    const [app] = turn % 2 === 0 ? apps : apps.toReversed();
    assert.ok(app);
    const items = trades.next();
    const { status } = await app.call('POST', '/v1/market/ticks', { as: user, body: { items } });
    assert.ok(status === 200 || status === 503, `a push is answered ${status}`);
    trades.answered(items, status === 200);
  }

  for (const policy of POLICIES)
    it(`leaves no stream without a ticker or a trade that does not say so (${policy})`, async () => {
      await push(0);
      const staying = [open(0), open(0), open(1), open(1)];
      await Promise.all(staying.map((reader) => reader.inStep()));
      const tried = new AbortController();
      const over = new AbortController();
      let opened = 0;
      async function comeAndGo(node: number): Promise<void> {
        let reader = open(node);
        for (let turn = 0; !tried.signal.aborted; turn += 1) {
          await reader.inStep();
          await reader.heard(turn % 5);
          opened += 1;
          reader.cut();
          // By turns a newcomer, and one that goes on where it was, on either node.
          if (turn % 3 === 0) reader = open(node);
          else reader.resume(`${apps[turn % 2]?.url}/v1/streams?channels=ticker:*,trade:*`);
        }
        await reader.inStep();
        staying.push(reader);
      }
      const load = (async () => {
        for (let turn = 1; !over.signal.aborted; turn += 1) await push(turn);
      })();
      await evictor.begin(policy);
      const comers = Promise.all(Array.from({ length: 2 * COMING_AND_GOING }, (_, n) => comeAndGo(n % 2)));
      const isTried = (): boolean =>
        opened >= OPENED &&
        ['state', 'ring'].every((key) => evictor.count(`marktide:{market}:${key}`) >= EVICTIONS);
      try {
        // A failure in the load or of a reader ends the wait.
        await Promise.race([
          eventually(isTried, 'enough evictions', { withinMs: WITHIN_MS, everyMs: 20 }),
          load,
          comers,
        ]);
        tried.abort();
        await within(comers, 'the last reader');
      } finally {
        tried.abort();
        over.abort();
        await evictor.end();
      }
      await within(load, 'the end of the load');
      // A push that is refused has told nobody: the newest of each symbol is one that was taken.
      for (const reader of staying) await reader.upToDate();
      const resets = staying.reduce((sum, reader) => sum + reader.resets, 0);
      for (const reader of staying) reader.cut();
      say(`${evictor.summary()}; ${trades.summary()}; ${opened} streams opened, ${resets} resets`);
    });
});
