import assert from 'node:assert/strict';
import { BACKEND_PATIENCE, type BackendPatience } from '../../app/backends.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { StartError } from '../../lib/start-error.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { eventually } from '../support/eventually.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

/** Shorter than usual, so that less time is longer than a running node waits. */
const COMMAND_MS = 500;
const DELAY_MS = 300;
const FREEZE_MS = 1_000;
/** A start makes about so many requests to Redis, which is frozen at every few of them. */
const REQUESTS = 30;
const STEPS = Number(process.env['ROUNDS'] ?? 3) > 1 ? 4 : 8;

(postgresAvailable() && redisAvailable() ? describe : describe.skip)('a start', function () {
  this.timeout(300_000);
  let redis: RedisServer;
  let toRedis: SlowProxy;
  let databaseUrl: string;

  before(async () => {
    databaseUrl = await newPostgresDatabase();
  });
  beforeEach(async () => {
    redis = await startRedisServer();
    toRedis = await startSlowProxy(redis.port);
  });
  afterEach(async () => {
    redis?.resume();
    await toRedis?.close();
    await redis?.stop();
  });

  function start(other: Partial<BackendPatience> = {}): Promise<TestApp> {
    const env = { REDIS_URL: `redis://127.0.0.1:${toRedis.port}`, MARKET_FEED: 'simulator' };
    const patience = { ...BACKEND_PATIENCE, commandMs: COMMAND_MS, ...other };
    return startApp({ databaseUrl, env, patience });
  }

  /** It becomes ready, and its streams have prices. */
  async function assertWorks(app: TestApp): Promise<void> {
    const user = await app.user();
    const isReady = async (): Promise<boolean> => (await app.call('GET', '/readyz')).status === 200;
    await eventually(isReady, 'readiness', { everyMs: 50 });
    // On a busy machine the freeze may end after the start: the first streams may then end, and come back.
    const hasPrices = async (): Promise<boolean> => {
      const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
        headers: { authorization: user.authorization },
      });
      const both = (): boolean => stream.of('ready').length > 0 && stream.of('ticker').length > 1;
      const has = await stream.until(both).then(
        () => true,
        () => false,
      );
      stream.cut();
      return has;
    };
    await eventually(hasPrices, 'prices on a stream', { everyMs: 50 });
  }

  it('that gets every answer later than a running node waits does wait', async () => {
    toRedis.delayMs = DELAY_MS;
    const before = performance.now();
    const app = await start();
    say(`started after ${Math.round(performance.now() - before)} ms`);
    try {
      toRedis.delayMs = 0;
      await assertWorks(app);
    } finally {
      await app.close();
    }
  });

  it(`that finds Redis frozen for ${FREEZE_MS} ms waits, whatever step it has come to`, async () => {
    for (let frozenAt = 1; frozenAt <= REQUESTS; frozenAt += STEPS) {
      let base: number | null = null;
      toRedis.onRequest = (count) => {
        base ??= count - 1;
        if (count - base !== frozenAt) return;
        const frozen = redis;
        frozen.pause();
        setTimeout(() => frozen.resume(), FREEZE_MS);
      };
      const app = await start().catch((error: unknown) => {
        throw new Error(`frozen at request ${frozenAt}`, { cause: error });
      });
      try {
        toRedis.onRequest = () => undefined;
        await assertWorks(app);
      } finally {
        await app.close();
      }
    }
  });

  it('gives up when Redis does not answer at all, and says so', async () => {
    redis.pause();
    await assert.rejects(start({ startCommandMs: 1_000, startStepMs: 2_000 }), StartError);
  });
});
