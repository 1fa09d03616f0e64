import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { systemClock } from '../../../lib/clock.ts';
import type { Counters } from '../../../lib/limits/counters.ts';
import { MemoryCounters } from '../../../lib/limits/memory-counters.ts';
import { RedisCounters } from '../../../lib/limits/redis-counters.ts';
import { fastRedis } from '../../../streams/redis/redis-connection.ts';
import { quiet } from '../../support/log-watch.ts';
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
});

(redisAvailable() ? describe : describe.skip)('counters in Redis', () => {
  const clock = new VirtualClock();
  let server: RedisServer;
  const connections: Redis[] = [];

  async function newNode(): Promise<{ redis: Redis; counters: RedisCounters }> {
    const redis = fastRedis(server.url, {
      clock: systemClock,
      random: Math.random,
      log: quiet,
      name: 'test',
      commandTimeoutMs: 250,
      reconnectOnTimeout: true,
    });
    connections.push(redis);
    await once(redis, 'ready');
    const insurance = new MemoryCounters({ clock, maxKeys: 1_000 });
    return { redis, counters: new RedisCounters({ redis, prefix: 'marktide:', insurance, logger: quiet }) };
  }

  let redis: Redis;
  let counters: RedisCounters;
  before(async () => {
    server = await startRedisServer();
  });
  beforeEach(async () => {
    ({ redis, counters } = await newNode());
    await redis.flushall();
  });
  afterEach(async () => {
    server.resume();
    for (const each of connections.splice(0)) each.disconnect();
  });
  after(() => server.stop());

  contract(
    () => counters,
    async () => {
      // Its clock cannot be turned: what it was told to let go is let go now.
      for (const key of await redis.keys('marktide:limit:*')) await redis.pexpire(key, 0);
    },
  );

  it('cost a small key each, with an end, however much they are used', async () => {
    for (let i = 0; i < 25; i += 1) {
      await Promise.all(Array.from({ length: 100 }, () => counters.take(WINDOW, 'heavy')));
    }
    await counters.take(WINDOW, 'heavy');
    const key = 'marktide:limit:tries:heavy';
    assert.equal(await redis.get(key), '2501');
    assert.ok(Number(await redis.memory('USAGE', key)) < 200);
    for (const each of await redis.keys('*')) assert.ok((await redis.pttl(each)) > 0, each);
  });

  async function used(node: RedisCounters, count: number): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < count; i += 1) found.push((await node.take(WINDOW, 'a')).used);
    return found;
  }

  for (const [state, takeAway] of [
    ['frozen', () => Promise.resolve(server.pause())],
    ['gone', () => server.kill('SIGKILL')],
  ] as const) {
    it(`while it is ${state}, go on from what this node has last seen of the fleet, and are shared again after`, async () => {
      const { counters: others } = await newNode();
      await used(others, 3);
      assert.deepEqual(await used(counters, 2), [4, 5]);
      await used(others, 1);
      assert.deepEqual([counters.scope, counters.size], ['fleet', 1]);
      await takeAway();
      assert.deepEqual(await used(counters, 3), [6, 7, 8]);
      assert.equal(counters.scope, 'node');
      await counters.giveBack(WINDOW, 'a');
      assert.deepEqual(await used(counters, 1), [8]);
      await counters.forget(WINDOW, 'a');
      assert.deepEqual(await used(counters, 2), [1, 2]);
      const back = new Promise<void>((resolve) => void redis.once('ready', resolve));
      if (state === 'frozen') server.resume();
      else await server.restart({ keepData: false });
      await back;
      await used(counters, 1);
      assert.equal(counters.scope, 'fleet');
    }).timeout(30_000);
  }

  it('wait for a frozen one once, however many ask', async () => {
    server.pause();
    await counters.take(WINDOW, 'a');
    const errors: string[] = [];
    const send = redis.sendCommand.bind(redis);
    redis.sendCommand = (command, stream) => {
      command.promise.catch((error: Error) => errors.push(error.message));
      return send(command, stream);
    };
    assert.deepEqual(
      await used(counters, 50),
      Array.from({ length: 50 }, (_, i) => i + 2),
    );
    assert.ok(!errors.includes('Command timed out'), String(errors));
  });
});
