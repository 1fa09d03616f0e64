import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { pushTicks, tally } from '../deploy/tick-load.ts';
import { type ProxiedFleet, startProxiedFleet } from '../deploy/proxied-fleet.ts';
import { eventually } from '../support/eventually.ts';
import { nginxAvailable } from '../support/nginx.ts';
import { logIn } from '../support/node-process.ts';
import { type Pgbouncer, pgbouncerAvailable, startPgbouncer } from '../support/pgbouncer.ts';
import { type PostgresServer, postgresAvailable, startPostgres } from '../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { ResumingReader } from '../support/resuming-reader.ts';
import { Bot } from './bot.ts';
import { say } from './say.ts';
import { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

const FAULT_MS = 4_000;
const HEALED_MS = 30_000;

const isRunnable = postgresAvailable() && redisAvailable() && nginxAvailable() && pgbouncerAvailable();

/**
 * Everything that a fleet consists of, each part with each way to fail: nginx → two nodes → PgBouncer → PostgreSQL, and
 * Redis. Bots book and a reader reads through nginx all the time.
 */
(isRunnable ? describe : describe.skip)('whatever fails', function () {
  this.timeout(120_000);
  let postgres: PostgresServer;
  let pooler: Pgbouncer;
  let redis: RedisServer;
  let toDatabase: SlowProxy;
  let toRedis: SlowProxy;
  let fleet: ProxiedFleet;
  let authorization: string;

  before(async () => {
    postgres = await startPostgres({ durable: true });
    pooler = await startPgbouncer({ port: postgres.port, mode: 'transaction' });
    toDatabase = await startSlowProxy(Number(new URL(pooler.through(postgres.url)).port));
    redis = await startRedisServer({ persistent: true });
    toRedis = await startSlowProxy(redis.port);
    fleet = await startProxiedFleet(`postgres://postgres@127.0.0.1:${toDatabase.port}/postgres`, {
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      DEMO: 'false',
      LOG_LEVEL: 'silent',
    });
    authorization = await logIn(fleet.proxy.url);
  });
  after(async () => {
    pooler?.resume();
    redis?.resume();
    await fleet?.stop();
    await toDatabase?.close();
    await toRedis?.close();
    await pooler?.stop();
    await postgres?.stop();
    await redis?.stop();
  });

  async function configureRedis(...settings: [string, string][]): Promise<void> {
    const admin = new Redis(redis.url);
    try {
      for (const [name, value] of settings) await admin.config('SET', name, value);
    } finally {
      admin.disconnect();
    }
  }

  interface Fault {
    name: string;
    begin: () => void | Promise<void>;
    end: () => void | Promise<void>;
    /** Writers must not notice it. */
    isHarmless?: boolean;
  }

  const silence = (proxy: () => SlowProxy): Pick<Fault, 'begin' | 'end'> => ({
    begin: () => void (proxy().isSilent = true),
    end: () => void (proxy().isSilent = false),
  });
  const slowness = (proxy: () => SlowProxy): Pick<Fault, 'begin' | 'end'> => ({
    begin: () => void (proxy().delayMs = 200),
    end: () => void (proxy().delayMs = 0),
  });
  const [one] = [(): number => fleet.nodes[0].pid];
  const FAULTS: Fault[] = [
    {
      name: 'a node, killed',
      begin: () => void process.kill(one(), 'SIGKILL'),
      end: async () => void (await fleet.restart(0, 'SIGKILL')),
    },
    {
      name: 'a node, frozen',
      begin: () => void process.kill(one(), 'SIGSTOP'),
      end: () => void process.kill(one(), 'SIGCONT'),
    },
    {
      name: 'Redis, killed',
      begin: () => redis.kill('SIGKILL'),
      end: () => redis.restart({ keepData: true }),
    },
    { name: 'Redis, frozen', begin: () => redis.pause(), end: () => redis.resume(), isHarmless: true },
    { name: 'Redis, slow by 200 ms each way', ...slowness(() => toRedis), isHarmless: true },
    { name: 'Redis, cut off in silence', ...silence(() => toRedis), isHarmless: true },
    {
      name: 'Redis, out of memory',
      begin: () => configureRedis(['maxmemory', '1']),
      end: () => configureRedis(['maxmemory', '0']),
      isHarmless: true,
    },
    { name: 'PostgreSQL, killed', begin: () => postgres.kill('SIGKILL'), end: () => postgres.restart() },
    { name: 'PostgreSQL, frozen', begin: () => postgres.pause(), end: () => postgres.resume() },
    { name: 'the pooler, frozen', begin: () => pooler.pause(), end: () => pooler.resume() },
    { name: 'PostgreSQL, slow by 200 ms each way', ...slowness(() => toDatabase), isHarmless: true },
    { name: 'PostgreSQL, cut off in silence', ...silence(() => toDatabase) },
  ];
  // A short run takes a quarter of them, another one for each value of ROUNDS.
  const rounds = Number(process.env['ROUNDS'] ?? FAULTS.length);

  for (const fault of rounds === 1 ? FAULTS.filter((_, index) => index % 4 === 1) : FAULTS) {
    it(`${fault.name}: nothing is lost, and all is well within half a minute`, async () => {
      const { proxy, nodes } = fleet;
      const bot = new Bot(proxy.url, authorization);
      await bot.openPortfolio();
      const reader = new ResumingReader(`${proxy.url}/v1/streams?channels=trade:BTC/KRW`);
      await reader.ready();
      const ticks = pushTicks(proxy.url, authorization);
      const answers: number[] = [];
      const load = new AbortController();
      const booking = (async () => {
        while (!load.signal.aborted) {
          const before = performance.now();
          await bot.book();
          answers.push(performance.now() - before);
        }
      })();
      await eventually(() => answers.length >= 5, 'the first bookings');

      await fault.begin();
      await new Promise((resolve) => setTimeout(resolve, FAULT_MS));
      await fault.end();
      const over = performance.now();
      load.abort();
      await booking;
      await bot.bookUntil(201);
      await reader.has(await ticks.finish());
      for (const { url } of nodes) {
        const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;
        await eventually(isReady, 'a node that is ready', { everyMs: 50 });
      }
      const healedMs = performance.now() - over;
      await reader.stop();
      const { lost } = tally(ticks.sent, reader.prices);
      const refused = [...bot.refused].map(([status, count]) => `${count} × ${status || 'no answer'}`);
      await bot.assertKept();
      say(
        [
          `| ${fault.name}`,
          `reader: ${reader.connections - 1} reconnects, ${reader.resets} resets, ${lost} lost`,
          `writers: slowest ${Math.round(Math.max(...answers))} ms, refused: ${refused.join(', ') || 'none'}`,
          `healed after ${Math.round(healedMs)} ms |`,
        ].join(' | '),
      );
      assert.ok(healedMs < HEALED_MS, `it took ${Math.round(healedMs)} ms`);
      assert.equal(reader.refusals, 0, 'an EventSource would have given up');
      if (reader.resets === 0) assert.equal(lost, 0, 'ticks are lost in silence');
      if (fault.isHarmless === true) assert.deepEqual(refused, []);
    });
  }
});
