import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { newPostgresDatabase } from '../../support/databases.ts';
import { eventually } from '../../support/eventually.ts';
import { postgresAvailable } from '../../support/postgres-server.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';

/** Of ticks and of bookings, in each of the two minutes. */
const ROUNDS = 8;
const MINUTE_MS = 61_000;
const WARN = 40;
/** What a minute of warnings may write at most, in as many sentences. */
const MINUTE_CAUSES = 15;
const MINUTE_BYTES = 20_000;

interface Line {
  level: number;
  msg: string;
  repeated?: number;
  err?: { message: string };
}

/** Ways of a real Redis to fail, and how they end. */
const OUTAGES: {
  name: string;
  begin: (admin: Redis, redis: RedisServer) => unknown;
  end: (admin: Redis, redis: RedisServer) => unknown;
}[] = [
  {
    name: 'is full',
    begin: (admin) => admin.config('SET', 'maxmemory', '1'),
    end: (admin) => admin.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'is frozen',
    begin: (_, redis) => redis.pause(),
    end: (_, redis) => redis.resume(),
  },
];

const available = redisAvailable() && postgresAvailable();

(available ? describe : describe.skip)('the log of a node whose Redis', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let admin: Redis;
  let node: TestApp;
  let user: TestUser;
  let clock: ShiftedClock;
  let lines: string[];

  beforeEach(async () => {
    redis = await startRedisServer();
    admin = new Redis(redis.url);
    clock = new ShiftedClock();
    lines = [];
    node = await startApp({
      env: { REDIS_URL: redis.url, PNL_INTERVAL_MS: '10' },
      databaseUrl: await newPostgresDatabase(),
      clock,
      log: (line) => void lines.push(line),
    });
    user = await node.user('admin');
  });
  afterEach(async () => {
    redis?.resume();
    await node?.close();
    admin?.disconnect();
    await redis?.stop();
  });

  /** Warnings and errors so far, by level, sentence and what was behind it. */
  function warnings(): Map<string, Line[]> {
    const found = new Map<string, Line[]>();
    for (const text of lines) {
      const line = JSON.parse(text) as Line;
      if (line.level < WARN) continue;
      const key = `${line.level} ${line.msg} ${line.err?.message}`;
      found.set(key, [...(found.get(key) ?? []), line]);
    }
    return found;
  }

  for (const { name, begin, end } of OUTAGES) {
    it(`${name} has a line a minute for each cause, with how often it was there`, async () => {
      const body = { name: 'P', cashMode: 'untracked' };
      const { id } = (await node.call('POST', '/v1/portfolios', { as: user, body })).body;
      let next = 0;
      const load = async (): Promise<void> => {
        for (let round = 0; round < ROUNDS; round += 1) {
          next += 1;
          const fill = {
            externalId: `secret-fill-${next}`,
            exchange: 'upbit',
            symbol: 'BTC/KRW',
            side: 'buy',
          };
          const time = '2026-01-02T09:00:00Z';
          const trade = { ...fill, quantity: '1', price: '1', time };
          const [booked] = await Promise.all([
            node.call('POST', `/v1/portfolios/${id}/trades`, { as: user, body: trade }),
            node.call('POST', '/v1/market/ticks', {
              as: user,
              body: { symbol: 'BTC/KRW', price: String(next) },
            }),
            node.call('GET', '/readyz'),
          ]);
          assert.equal(booked.status, 201);
        }
      };
      await load();
      lines.length = 0;

      await begin(admin, redis);
      await eventually(() => warnings().size > 0, 'the first warning');
      await load();
      const first = warnings();
      for (const [cause, all] of first) assert.equal(all.length, 1, `in one minute: ${cause}`);
      assert.ok(first.size <= MINUTE_CAUSES, [...first.keys()].join('\n'));
      const bytes = JSON.stringify([...first.values()]).length;
      assert.ok(bytes < MINUTE_BYTES, `${bytes} bytes in a minute`);

      lines.length = 0;
      clock.shift += MINUTE_MS;
      await load();
      const second = warnings();
      for (const [cause, all] of second) assert.equal(all.length, 1, `in the next minute: ${cause}`);
      const counts = [...second.values()].flat().map(({ repeated }) => repeated ?? 0);
      assert.ok(
        Math.max(...counts) > 0,
        `nothing says how often it was there: ${[...second.keys()].join('; ')}`,
      );
      assert.doesNotMatch(lines.join(''), /secret-fill/);
      await end(admin, redis);
    });
  }
});
