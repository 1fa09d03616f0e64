import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { systemClock, type Clock } from '../../../lib/clock.ts';
import { BrokerUnavailableError, type LogBounds, type Position } from '../../../streams/core/broker.ts';
import { RedisBroker, type RedisBrokerOptions } from '../../../streams/redis/redis-broker.ts';
import { runScript, SCRIPTS } from '../../../streams/redis/redis-scripts.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { redisMessages } from '../../support/redis-messages.ts';
import { redisAvailable, startRedisServer, type RedisServer } from '../../support/redis-server.ts';

const BOUNDS: LogBounds = { events: 1000, bytes: 1_000_000, ageMs: 600_000 };

function batch(from: number, count: number): { key: string; data: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: 'k', data: String(from + i) }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('RedisBroker', () => {
  let server: RedisServer;
  let admin: Redis | null = null;
  let brokers: RedisBroker[] = [];

  before(function () {
    if (!redisAvailable()) this.skip();
  });

  function open(options: Partial<RedisBrokerOptions> = {}): RedisBroker {
    const broker = new RedisBroker({
      url: server.url,
      clock: systemClock,
      random: Math.random,
      bounds: () => BOUNDS,
      log: pino({ level: 'silent' }),
      headCheckMs: 50,
      // Patient with a busy machine; what tests the time limit sets its own.
      commandTimeoutMs: 10_000,
      ...options,
    });
    brokers.push(broker);
    return broker;
  }

  function adminClient(): Redis {
    admin ??= new Redis(server.url).on('error', () => undefined);
    return admin;
  }

  /** Appends as another node would whose PUBLISH got lost on the way. */
  async function publishUnheard(log: string, from: number, count: number): Promise<void> {
    const client = adminClient();
    const run = /run_id:(\S+)/.exec(await client.info('server'))?.[1] ?? '';
    const tag = `marktide:{${log}}`;
    const { events, bytes, ageMs } = BOUNDS;
    await runScript(
      client,
      SCRIPTS.publish,
      [`${tag}:meta`, `${tag}:ring`, `${tag}:state`],
      [run, 'fresh', Date.now(), events, bytes, ageMs, 0, '', 'nobody-listens', '', ''].concat(
        batch(from, count).flatMap(({ key, data }) => [key, data]),
      ),
    );
  }

  function closeAll(): Promise<void[]> {
    const closing = brokers.map((broker) => broker.close());
    brokers = [];
    admin?.disconnect();
    admin = null;
    return Promise.all(closing);
  }

  describe('on a healthy server', () => {
    before(async () => {
      server = await startRedisServer();
    });
    after(() => server.stop());
    afterEach(async () => {
      await adminClient().flushall();
      await closeAll();
    });

    it('needs two connections, whatever the number of logs and listeners', async () => {
      const broker = open();
      for (let i = 0; i < 50; i += 1) {
        await broker.subscribe(`portfolio:${i % 25}`, new LogRecorder());
        await broker.publish(`portfolio:${i}`, batch(1, 1));
      }
      const clients = String(await adminClient().client('LIST'));
      assert.equal(clients.match(/name=marktide-/g)?.length, 2);
    });

    it('keeps one Redis subscription per log, and ends it with the last listener', async () => {
      const broker = open();
      const first = await broker.subscribe('market', new LogRecorder());
      const second = await broker.subscribe('market', new LogRecorder());
      const channel = 'marktide:{market}:live';
      assert.deepEqual(await adminClient().pubsub('NUMSUB', channel), [channel, 1]);
      await first.close();
      assert.deepEqual(await adminClient().pubsub('NUMSUB', channel), [channel, 1]);
      await second.close();
      assert.deepEqual(await adminClient().pubsub('NUMSUB', channel), [channel, 0]);
    });

    it('publishes a batch in one round trip', async () => {
      const broker = open();
      await broker.publish('market', batch(1, 1));
      const commands = async (): Promise<number> =>
        Number(/cmdstat_evalsha:calls=(\d+)/.exec(await adminClient().info('commandstats'))?.[1]);
      const before = await commands();
      await broker.publish('market', batch(2, 500));
      assert.equal(await commands(), before + 1);
    });

    it('goes on when the server has forgotten the scripts', async () => {
      const broker = open();
      await broker.publish('market', batch(1, 1));
      await adminClient().script('FLUSH');
      assert.equal((await broker.publish('market', batch(2, 1))).offset, 2);
    });

    it('counts on exactly where a double still can', async () => {
      const broker = open();
      const { epoch } = await broker.publish('market', batch(1, 1));
      await adminClient().del('marktide:{market}:ring');
      await adminClient().hset(
        'marktide:{market}:meta',
        'head',
        '1000000000000000',
        'first',
        '1000000000000001',
      );
      const end = await broker.publish('market', batch(2, 3));
      // The epoch may be another one, as this does look like a log that was tampered with.
      assert.equal(end.offset, 1_000_000_000_000_003);
      const page = await broker.history('market', { epoch, offset: 1_000_000_000_000_001 }, 10);
      assert.ok(!('lost' in page));
      assert.deepEqual(
        page.events.map(({ offset }) => offset),
        [1_000_000_000_000_002, 1_000_000_000_000_003],
      );
    });

    it('lets an idle log vanish, but not one that is watched', async () => {
      await adminClient().config('SET', 'notify-keyspace-events', 'Ex');
      const expiries = await redisMessages(server.url, '__keyevent@0__:expired');
      const broker = open({ bounds: () => ({ ...BOUNDS, ageMs: 600 }) });
      const listener = new LogRecorder();
      await broker.subscribe('portfolio:watched', listener);
      await broker.publish('portfolio:watched', batch(1, 1));
      await broker.publish('portfolio:idle', batch(1, 1));
      const expired = await expiries.until((keys) => new Set(keys).size >= 3);
      expiries.close();
      assert.deepEqual(
        expired.sort(),
        ['meta', 'ring', 'state'].map((part) => `marktide:{portfolio:idle}:${part}`),
      );
      await broker.publish('portfolio:watched', batch(2, 1));
      await listener.untilOffset(2);
      assert.deepEqual([listener.offsets, listener.resets], [[1, 2], []]);
    });

    it('delivers what was published unheard, at the next head check', async () => {
      const listener = new LogRecorder();
      await open().subscribe('market', listener);
      await publishUnheard('market', 1, 7);
      await listener.untilOffset(7);
      assert.deepEqual(listener.offsets, range(1, 7));
    });

    it('delivers what was published unheard before the next message, without waiting for the check', async () => {
      const listener = new LogRecorder();
      const broker = open({ headCheckMs: 3_600_000 });
      await broker.subscribe('market', listener);
      await broker.publish('market', batch(1, 2));
      await publishUnheard('market', 3, 1500 - 2);
      await broker.publish('market', batch(1501, 1));
      await listener.until(() => listener.resets.length > 0 || listener.offsets.includes(1501));
      // 1500 are more than the ring holds: a gap that cannot be closed is told.
      assert.deepEqual(
        listener.resets.map(({ reason }) => reason),
        ['expired'],
      );
      assert.equal(listener.resets[0]?.position.offset, 1501);
      await publishUnheard('market', 1502, 500);
      await broker.publish('market', batch(2002, 1));
      await listener.untilOffset(2002);
      assert.deepEqual(listener.offsets, [1, 2, ...range(1502, 2002)]);
    });

    it('delivers strictly in order whichever messages get lost', async () => {
      let run = 0;
      const broker = open({ headCheckMs: 20 });
      const steps = fc.array(fc.record({ heard: fc.boolean(), size: fc.integer({ min: 1, max: 30 }) }), {
        minLength: 1,
        maxLength: 30,
      });
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const log = `lossy:${(run += 1)}`;
          const listener = new LogRecorder();
          const subscription = await broker.subscribe(log, listener);
          let count = 0;
          const writes: Promise<unknown>[] = [];
          for (const { heard, size } of sequence) {
            const data = batch(count + 1, size);
            writes.push(heard ? broker.publish(log, data) : publishUnheard(log, count + 1, size));
            count += size;
          }
          await Promise.all(writes);
          await listener.untilOffset(count);
          assert.deepEqual(listener.offsets, range(1, count));
          assert.deepEqual(listener.resets, []);
          await subscription.close();
        }),
        { numRuns: 25 },
      );
    });

    it('starts a new epoch when the data is flushed, and says so', async () => {
      const broker = open();
      const listener = new LogRecorder();
      await broker.subscribe('market', listener);
      const before = await broker.publish('market', batch(1, 5), { fence: 3 });
      await listener.untilOffset(5);
      await adminClient().flushall();
      await listener.until(() => listener.resets.length > 0);
      const reset = listener.resets[0];
      assert.equal(reset?.reason, 'epoch');
      assert.equal(reset?.position.offset, 0);
      assert.notEqual(reset?.position.epoch, before.epoch);
      assert.deepEqual(await broker.history('market', before, 5), { lost: 'epoch' });
      await broker.publish('market', batch(1, 2));
      await listener.until(() => listener.offsets.length === 7);
      assert.deepEqual(listener.offsets, [...range(1, 5), 1, 2]);
      assert.equal(listener.epochs.at(-1), reset?.position.epoch);
    });

    it('starts a new epoch when a watched log is put back under a running server', async () => {
      const listener = new LogRecorder();
      const watching = open();
      const { position } = await watching.subscribe('market', listener);
      await open().publish('market', batch(1, 5));
      await listener.untilOffset(5);
      await adminClient().hset('marktide:{market}:meta', 'head', '3');
      await listener.until(() => listener.resets.length > 0);
      assert.equal(listener.resets[0]?.reason, 'epoch');
      assert.deepEqual(await watching.history('market', { ...position, offset: 2 }, 5), { lost: 'epoch' });
      // The stream still ends at 5: it gives way to the new count.
      assert.equal((await watching.publish('market', batch(4, 1))).offset, 4);
      await listener.until(() => listener.offsets.at(-1) === 4);
    });

    it('a publisher that is given an offset twice ends the epoch, before anybody has looked', async () => {
      const broker = open({ headCheckMs: 3_600_000 });
      const before = await broker.publish('market', batch(1, 5));
      await adminClient().hset('marktide:{market}:meta', 'head', '3');
      const after = await broker.publish('market', batch(4, 4));
      assert.notEqual(after.epoch, before.epoch);
      assert.deepEqual(after, await broker.head('market'));
      assert.deepEqual(await broker.history('market', before, 5), { lost: 'epoch' });
    });

    it('survives the cutting of its connections', async () => {
      const broker = open();
      const writer = open();
      const listener = new LogRecorder();
      await broker.subscribe('market', listener);
      for (let round = 0; round < 3; round += 1) {
        listener.conditions.length = 0;
        await adminClient().client('KILL', 'TYPE', 'pubsub');
        await writer.publish('market', batch(round * 10 + 1, 10));
        await listener.untilCondition('back');
        await listener.untilOffset(round * 10 + 10);
        assert.deepEqual(listener.conditions, ['away', 'back']);
      }
      assert.deepEqual(listener.offsets, range(1, 30));
      assert.deepEqual(listener.resets, []);
    });

    it('takes no harm from what others send on its channel', async () => {
      const listener = new LogRecorder();
      const broker = open();
      await broker.subscribe('market', listener);
      for (const message of ['', 'hello', 'a b c\n', 'E 1 0 5\n', 'E 1 0 999 9\nx', 'late0 1 0 0 1\nx'])
        await adminClient().publish('marktide:{market}:live', message);
      await broker.publish('market', batch(1, 2));
      await listener.untilOffset(2);
      assert.deepEqual([listener.data, listener.resets], [['1', '2'], []]);
    });
  });

  describe('when the server goes', () => {
    beforeEach(async () => {
      server = await startRedisServer({ persistent: true });
    });
    afterEach(async () => {
      server.resume();
      await closeAll();
      await server.stop();
    });

    it('costs nobody a place when it comes back with its data', async () => {
      const broker = open();
      const listener = new LogRecorder();
      const { position } = await broker.subscribe('market', listener);
      const before = await broker.publish('market', batch(1, 5));
      await listener.untilOffset(5);
      await server.restart({ keepData: true });
      await listener.until(() => listener.conditions.length >= 2);
      assert.deepEqual(listener.conditions, ['away', 'back']);
      const after = await open().publish('market', batch(6, 5));
      assert.equal(after.offset, 10);
      await listener.untilOffset(10);
      assert.deepEqual(listener.offsets, range(1, 10));
      assert.deepEqual(listener.resets, []);
      // A client that comes with a place from before the restart.
      for (const place of [{ ...position, offset: 3 }, before]) {
        const page = await broker.history('market', place, 100);
        assert.ok(!('lost' in page));
        assert.equal(page.epoch, after.epoch);
        assert.deepEqual(
          page.events.map(({ offset }) => offset),
          range(place.offset + 1, 10),
        );
      }
    });

    it('keeps places over several restarts', async () => {
      const places: Position[] = [];
      for (let i = 0; i < 4; i += 1) {
        places.push(await open().publish('market', batch(i + 1, 1)));
        await server.restart({ keepData: true });
      }
      const broker = open();
      for (const place of places) {
        const page = await broker.history('market', place, 100);
        assert.ok(!('lost' in page), `lost ${JSON.stringify([page, place])}`);
        assert.equal(page.events.length, 4 - place.offset);
        const ahead = await broker.history('market', { ...place, offset: place.offset + 1 }, 100);
        assert.ok('lost' in ahead, 'beyond what that epoch ever reached');
      }
    });

    it('starts a new epoch when it comes back without its data', async () => {
      const broker = open();
      const listener = new LogRecorder();
      await broker.subscribe('market', listener);
      const before = await broker.publish('market', batch(1, 5));
      await listener.untilOffset(5);
      await server.restart({ keepData: false });
      await listener.untilCondition('back');
      assert.equal(listener.resets[0]?.reason, 'epoch');
      assert.deepEqual(await broker.history('market', before, 5), { lost: 'epoch' });
      await broker.publish('market', batch(1, 1));
      await listener.until(() => listener.offsets.length === 6);
    });

    it('notices a return to an earlier state, even when new events have taken the lost offsets', async () => {
      const files = join(server.folder, 'appendonlydir');
      const backup = join(server.folder, 'backup');
      const watching = open();
      const listener = new LogRecorder();
      await watching.subscribe('market', listener);
      const kept = await watching.publish('market', batch(1, 5));
      await cp(files, backup, { recursive: true });
      const lost = await watching.publish('market', batch(6, 5));
      await listener.untilOffset(10);
      await server.kill('SIGKILL');
      await rm(files, { recursive: true });
      await cp(backup, files, { recursive: true });
      await server.restart({ keepData: true });

      // A node that knows nothing of the past is the first to write.
      const newcomer = open();
      const now = await newcomer.publish('market', batch(106, 7));
      assert.equal(now.offset, 12);
      assert.deepEqual(await newcomer.history('market', lost, 100), { lost: 'epoch' });
      const page = await newcomer.history('market', kept, 100);
      assert.ok(!('lost' in page));
      assert.deepEqual(
        page.events.map(({ data }) => Number(data)),
        range(106, 112),
      );

      await listener.untilCondition('back');
      assert.deepEqual(listener.resets, [{ position: now, reason: 'epoch' }]);
      await newcomer.publish('market', batch(113, 1));
      await listener.untilOffset(13);
      assert.deepEqual(listener.data.map(Number), [...range(1, 10), 113]);
    });

    it('fails in time while it is frozen, tells listeners, and goes on afterwards', async () => {
      const broker = open({ commandTimeoutMs: 300 });
      const listener = new LogRecorder();
      const { position } = await broker.subscribe('market', listener);
      await broker.publish('market', batch(1, 1));
      await listener.untilOffset(1);
      server.pause();
      await Promise.all([
        assert.rejects(broker.publish('market', batch(2, 1)), BrokerUnavailableError),
        assert.rejects(broker.history('market', position, 1), BrokerUnavailableError),
        assert.rejects(broker.head('market'), BrokerUnavailableError),
        assert.rejects(broker.state('market'), BrokerUnavailableError),
        assert.rejects(broker.subscribe('portfolio:1', new LogRecorder()), BrokerUnavailableError),
      ]);
      await listener.untilCondition('away');
      server.resume();
      await listener.untilCondition('back');
      // Frozen, not dead: the publish that was given up may still have been carried out. No listener is misled.
      const end = await broker.publish('market', batch(3, 1));
      await listener.untilOffset(end.offset);
      assert.deepEqual(listener.offsets, range(1, end.offset));
      assert.deepEqual(listener.resets, []);
    });

    it('closes while it is frozen, however long its commands would wait', async () => {
      const broker = open({ commandTimeoutMs: 3_600_000 });
      const subscription = await broker.subscribe('market', new LogRecorder());
      server.pause();
      const leaving = subscription.close();
      const publishing = assert.rejects(broker.publish('market', batch(1, 1)), BrokerUnavailableError);
      await broker.close();
      await Promise.all([leaving, publishing]);
    });

    it('closes while it is dead, and while it has never been there', async () => {
      const broker = open();
      await broker.subscribe('market', new LogRecorder());
      const early = open();
      await server.kill('SIGKILL');
      await assert.rejects(broker.publish('market', batch(1, 1)), BrokerUnavailableError);
      await assert.rejects(open().subscribe('market', new LogRecorder()), BrokerUnavailableError);
      await Promise.all([broker.close(), early.close()]);
    });

    it('refuses at once while it is dead, instead of queueing', async () => {
      const broker = open({ commandTimeoutMs: 60_000 });
      await broker.head('market');
      await server.kill('SIGKILL');
      await once(connect(server.port, '127.0.0.1'), 'error');
      await assert.rejects(broker.head('market'), BrokerUnavailableError);
      await assert.rejects(broker.publish('market', batch(1, 1)), BrokerUnavailableError);
    });

    it('a clock that is behind does no harm to the order', async () => {
      const late: Clock = { ...systemClock, now: () => Date.now() - 300_000 };
      const listener = new LogRecorder();
      const broker = open();
      await broker.subscribe('market', listener);
      await broker.publish('market', batch(1, 2));
      await open({ clock: late }).publish('market', batch(3, 2));
      await broker.publish('market', batch(5, 2));
      await listener.untilOffset(6);
      assert.deepEqual(listener.offsets, range(1, 6));
    });
  });

  it('has more patience with Redis until the node has started', async () => {
    server = await startRedisServer();
    try {
      const broker = open({ commandTimeoutMs: 200, startTimeoutMs: 20_000 });
      await broker.publish('market', batch(1, 1));
      server.pause();
      const published = broker.publish('market', batch(2, 1));
      const subscribed = broker.subscribe('other', new LogRecorder());
      // Longer than a command may take later.
      await new Promise((resolve) => setTimeout(resolve, 600));
      server.resume();
      assert.equal((await published).offset, 2);
      await subscribed;
      broker.started();
      server.pause();
      await assert.rejects(broker.publish('market', batch(3, 1)), BrokerUnavailableError);
    } finally {
      server.resume();
      await closeAll();
      await server.stop();
    }
  });
});
