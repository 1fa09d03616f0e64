import assert from 'node:assert/strict';
import { BrokerSilentError } from '../../app/broker-retry.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { newPostgresDatabase } from '../support/databases.ts';
import { postgresAvailable } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { StreamClient } from '../support/stream-client.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

/** Longer than a command may take on a node that runs. */
const FREEZE_MS = 2_500;
/** A start sends about so many pieces to Redis; it is tried with a stop before every few of them. */
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

  function start(): Promise<TestApp> {
    const env = { REDIS_URL: `redis://127.0.0.1:${toRedis.port}`, MARKET_FEED: 'simulator' };
    return startApp({ databaseUrl, env });
  }

  /** Ready, with prices on a stream. */
  async function assertWorks(app: TestApp): Promise<void> {
    const user = await app.user();
    for (;;) {
      const { status } = await app.call('GET', '/readyz');
      if (status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const stream = new StreamClient(`${app.url}/v1/streams?channels=ticker:*`, {
      headers: { authorization: user.authorization },
    });
    await stream.until(() => stream.of('ready').length > 0 && stream.of('ticker').length > 1);
    stream.cut();
  }

  it('that finds every command two seconds late waits for it', async () => {
    toRedis.delayMs = 1_000;
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

  it(`that finds Redis frozen for ${FREEZE_MS} ms waits for it, whatever it has come to`, async () => {
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
    await assert.rejects(start(), BrokerSilentError);
  });
});
