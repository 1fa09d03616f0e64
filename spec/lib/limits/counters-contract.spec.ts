import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import type { Counters } from '../../../lib/limits/counters.ts';
import { MemoryCounters } from '../../../lib/limits/memory-counters.ts';
import { RedisCounters } from '../../../lib/limits/redis-counters.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const WINDOW = { name: 'tries', seconds: 60 };

/** `elapse`: moves on to the end of all windows. */
function contract(open: () => Counters, elapse: () => Promise<void>): void {
  it('counts each key and each window for itself', async () => {
    const counters = open();
    const used = async (key: string, window = WINDOW): Promise<number> =>
      (await counters.take(window, key)).used;
    assert.deepEqual([await used('a'), await used('a'), await used('b'), await used('a')], [1, 2, 1, 3]);
    assert.equal(await used('a', { name: 'others', seconds: 60 }), 1);
  });

  it('counts each of many at once', async () => {
    const counters = open();
    const taken = await Promise.all(Array.from({ length: 200 }, () => counters.take(WINDOW, 'busy')));
    assert.deepEqual(
      taken.map(({ used }) => used).sort((x, y) => x - y),
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
  });

  it('tells when the window ends, which further uses do not put off', async () => {
    const counters = open();
    for (let i = 0; i < 3; i += 1) {
      const { resetMs } = await counters.take(WINDOW, 'window');
      assert.ok(resetMs > 50_000 && resetMs <= 60_000, String(resetMs));
    }
    await elapse();
    assert.equal((await counters.take(WINDOW, 'window')).used, 1);
  });

  it('takes uses back', async () => {
    const counters = open();
    await counters.take(WINDOW, 'back');
    await counters.take(WINDOW, 'back');
    await counters.giveBack(WINDOW, 'back');
    assert.equal((await counters.take(WINDOW, 'back')).used, 2);
    await counters.forget(WINDOW, 'back');
    assert.equal((await counters.take(WINDOW, 'back')).used, 1);
  });
}

describe('counters in memory', () => {
  const clock = new VirtualClock();
  const counters = new MemoryCounters({ clock, maxKeys: 1_000 });
  contract(
    () => counters,
    () => clock.advance(60_000),
  );

  it('keep so many keys and no more: what began first is forgotten first, and not soon', async () => {
    const few = new MemoryCounters({ clock, maxKeys: 100 });
    await few.take(WINDOW, 'early');
    for (let i = 0; i < 60; i += 1) await few.take(WINDOW, `key ${i}`);
    assert.equal((await few.take(WINDOW, 'early')).used, 2, 'half as many others are not enough');
    await few.take(WINDOW, 'late');
    for (let i = 60; i < 99; i += 1) await few.take(WINDOW, `key ${i}`);
    for (let i = 99; i < 10_000; i += 1) {
      await few.take(WINDOW, `key ${i}`);
      assert.ok(few.size <= 100);
      if (i === 110) assert.equal((await few.take(WINDOW, 'late')).used, 2);
    }
    assert.equal((await few.take(WINDOW, 'early')).used, 1);
  });

  it('let go of what has ended, and of nothing that has not', async () => {
    const own = new MemoryCounters({ clock, maxKeys: 1_000 });
    for (let i = 0; i < 50; i += 1) await own.take(WINDOW, `key ${i}`);
    await clock.advance(59_000);
    await own.take(WINDOW, 'late');
    await clock.advance(1_000);
    await own.take(WINDOW, 'new');
    assert.equal((await own.take(WINDOW, 'late')).used, 2);
    await clock.advance(60_000);
    await own.take(WINDOW, 'newer');
    assert.equal(own.size, 2);
  });
});

(redisAvailable() ? describe : describe.skip)('counters in Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let counters: Counters;
  before(async () => {
    server = await startRedisServer();
    redis = new Redis(server.url);
    counters = new RedisCounters(redis);
    await redis.ping();
  });
  after(async () => {
    redis.disconnect();
    await server.stop();
  });

  contract(
    () => counters,
    async () => {
      // Its clock cannot be turned: what it was told to let go is let go now.
      for (const key of await redis.keys('marktide:limit:*')) await redis.pexpire(key, 0);
    },
  );

  it('cost a small key each, with an end, however much they are used', async () => {
    for (let i = 0; i < 2_500; i += 1) void counters.take(WINDOW, 'heavy');
    await counters.take(WINDOW, 'heavy');
    const key = 'marktide:limit:tries:heavy';
    assert.equal(await redis.get(key), '2501');
    assert.ok(Number(await redis.memory('USAGE', key)) < 200);
    for (const each of await redis.keys('*')) assert.ok((await redis.pttl(each)) > 0, each);
  });

  it('refuse at once when the connection is gone', async () => {
    const gone = new Redis(server.url, { lazyConnect: true });
    await assert.rejects(new RedisCounters(gone).take(WINDOW, 'a'), /not ready/);
    gone.disconnect();
  });
});
