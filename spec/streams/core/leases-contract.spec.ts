import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { systemClock, type Clock } from '../../../lib/clock.ts';
import { BrokerUnavailableError } from '../../../streams/core/broker.ts';
import type { Lease, Leases } from '../../../streams/core/lease.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { RedisLeases } from '../../../streams/redis/redis-leases.ts';
import { redisMessages } from '../../support/redis-messages.ts';
import { redisAvailable, startRedisServer, type RedisServer } from '../../support/redis-server.ts';

let server: RedisServer;

function redisLeases(options: { leaseMs?: number; clock?: Clock } = {}): RedisLeases {
  const log = pino({ level: 'silent' });
  return new RedisLeases({ redis: server.url, clock: systemClock, random: Math.random, log, ...options });
}

async function must(lease: Promise<Lease | null>): Promise<Lease> {
  const got = await lease;
  assert.ok(got !== null, 'somebody else holds it');
  return got;
}

/** Resolves when the signal is aborted, also when it is already. */
async function lost(lease: Lease): Promise<void> {
  if (!lease.signal.aborted) await once(lease.signal, 'abort');
}

const backends = [
  { name: 'memory', available: () => true },
  { name: 'Redis', available: redisAvailable },
];

for (const backend of backends) {
  describe(`Leases in ${backend.name}`, () => {
    let mine: Leases;
    let theirs: Leases;

    before(async function () {
      if (!backend.available()) this.skip();
      if (backend.name === 'Redis') server = await startRedisServer();
    });
    after(async () => {
      if (backend.name === 'Redis' && redisAvailable()) await server.stop();
    });
    beforeEach(() => {
      if (backend.name === 'memory') mine = theirs = new MemoryLeases();
      else [mine, theirs] = [redisLeases(), redisLeases()];
    });
    afterEach(async () => {
      await Promise.all([mine.close(), theirs.close()]);
    });

    it('have one holder at a time', async () => {
      const lease = await must(mine.acquire('feed'));
      assert.equal(await theirs.acquire('feed'), null);
      assert.equal(await mine.acquire('feed'), null);
      assert.ok(await theirs.acquire('projector'), 'names are independent');
      await lease.release();
      assert.ok(lease.signal.aborted);
      await must(theirs.acquire('feed'));
      await lease.release();
      assert.equal(
        await mine.acquire('feed'),
        null,
        'a second release does not take it from the next holder',
      );
    });

    it('give each holder a greater fence', async () => {
      let last = 0;
      for (const leases of [mine, theirs, theirs, mine, mine]) {
        const lease = await must(leases.acquire('feed'));
        assert.ok(Number.isSafeInteger(lease.fence) && lease.fence > last, `${lease.fence} after ${last}`);
        last = lease.fence;
        await lease.release();
      }
    });

    it('are given to one of many who ask at once', async () => {
      const asked = await Promise.all([mine, theirs, mine, theirs].map((leases) => leases.acquire('feed')));
      assert.equal(asked.filter((lease) => lease !== null).length, 1);
    });

    it('end with close', async () => {
      const lease = await must(mine.acquire('feed'));
      await mine.close();
      assert.ok(lease.signal.aborted);
      assert.equal(await mine.acquire('other'), null);
    });
  });
}

describe('RedisLeases', () => {
  let open: RedisLeases[] = [];
  let admin: Redis;

  before(function () {
    if (!redisAvailable()) this.skip();
  });
  beforeEach(async () => {
    server = await startRedisServer();
    admin = new Redis(server.url).on('error', () => undefined);
  });
  afterEach(async () => {
    server.resume();
    admin.disconnect();
    await Promise.all(open.map((leases) => leases.close()));
    open = [];
    await server.stop();
  });

  function leases(options: { leaseMs?: number; clock?: Clock } = {}): RedisLeases {
    const made = redisLeases(options);
    open.push(made);
    return made;
  }

  it('are renewed for as long as the holder lives', async () => {
    const lease = await must(leases({ leaseMs: 1500 }).acquire('feed'));
    await admin.config('SET', 'notify-keyspace-events', 'Kg');
    const notices = await redisMessages(server.url, '__keyspace@0__:marktide:{lease:feed}');
    // Five renewals take longer than one lease.
    await notices.until((names) => names.filter((name) => name === 'expire').length >= 5);
    notices.close();
    assert.equal(lease.signal.aborted, false);
  });

  it('pass to another when the holder vanishes, and the fence tells the two apart', async () => {
    await admin.config('SET', 'notify-keyspace-events', 'Ex');
    const expiries = await redisMessages(server.url, '__keyevent@0__:expired');
    const suspended: Clock = { ...systemClock, after: () => () => undefined };
    const first = await must(leases({ leaseMs: 200, clock: suspended }).acquire('feed'));
    await expiries.until((keys) => keys.includes('marktide:{lease:feed}'));
    expiries.close();
    const second = await must(leases().acquire('feed'));
    assert.ok(second.fence > first.fence);
  });

  it('are lost when the server has given them away', async () => {
    const lease = await must(leases({ leaseMs: 300 }).acquire('feed'));
    await admin.set('marktide:{lease:feed}', 'somebody else');
    await lost(lease);
    assert.equal(
      await admin.get('marktide:{lease:feed}'),
      'somebody else',
      'and are not deleted under the other',
    );
  });

  it('are lost when the server has lost its data, and the next fence is greater all the same', async () => {
    const first = leases({ leaseMs: 300 });
    const lease = await must(first.acquire('feed'));
    await admin.flushall();
    await lost(lease);
    const next = await must(first.acquire('feed'));
    assert.ok(next.fence > lease.fence);
  });

  it('end by the holder’s own clock while the server is frozen', async () => {
    const lease = await must(leases({ leaseMs: 400 }).acquire('feed'));
    server.pause();
    await lost(lease);
  });

  it('say that the server is away, rather than that somebody holds them', async () => {
    const made = leases();
    await must(made.acquire('other'));
    await server.kill('SIGKILL');
    await assert.rejects(made.acquire('feed'), BrokerUnavailableError);
  });

  it('that a frozen server gives out when nobody waits any more are free again', async () => {
    const made = leases({ leaseMs: 3_600_000 });
    await (await must(made.acquire('feed'))).release();
    server.pause();
    await assert.rejects(made.acquire('feed'), BrokerUnavailableError);
    server.resume();
    let lease = await made.acquire('feed').catch(() => null);
    while (lease === null) lease = await made.acquire('feed').catch(() => null);
  });

  it('are given back without an answer, and closed, while the server is frozen', async () => {
    const made = leases();
    const lease = await must(made.acquire('feed'));
    server.pause();
    const releasing = lease.release();
    assert.ok(lease.signal.aborted, 'the holder stops at once');
    await made.close();
    await releasing;
  });

  it('may use the connection of somebody else, and leave it open', async () => {
    const log = pino({ level: 'silent' });
    const made = new RedisLeases({ redis: admin, clock: systemClock, random: Math.random, log });
    await must(made.acquire('feed'));
    await made.close();
    assert.equal(await admin.exists('marktide:{lease:feed}'), 0);
  });
});
