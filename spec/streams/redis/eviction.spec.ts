import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { Redis } from 'ioredis';
import { pino, type Logger } from 'pino';
import { systemClock } from '../../../lib/clock.ts';
import {
  BrokerUnavailableError,
  FencedError,
  type LogBounds,
  type Payload,
  type Position,
} from '../../../streams/core/broker.ts';
import { RedisBroker } from '../../../streams/redis/redis-broker.ts';
import { RedisLeases } from '../../../streams/redis/redis-leases.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { redisAvailable, type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { runs } from '../../support/runs.ts';

const LOG = 'portfolio:1';
const BOUNDS: LogBounds = { events: 1_000, bytes: 1_000_000, ageMs: 600_000 };

function payload(n: number, key = `k${n % 5}`): Payload {
  return { key, data: String(n) };
}

interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** A logger that keeps its lines. */
function keeping(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

(redisAvailable() ? describe : describe.skip)('a Redis that evicts', () => {
  let server: RedisServer;
  let admin: Redis;
  const closing: { close(): Promise<unknown> }[] = [];

  before(async () => {
    server = await startRedisServer();
    admin = new Redis(server.url);
  });
  after(async () => {
    admin.disconnect();
    await server.stop();
  });
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((each) => each.close()));
    await admin.config('SET', 'maxmemory', '0');
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
    await admin.flushall();
  });

  function open(options: { log?: Logger; bounds?: LogBounds; url?: string } = {}): RedisBroker {
    const { log = pino({ level: 'silent' }), bounds = BOUNDS, url = server.url } = options;
    const random = { clock: systemClock, random: Math.random };
    const broker = new RedisBroker({
      ...random,
      url,
      bounds: () => bounds,
      log,
      headCheckMs: 50,
      commandTimeoutMs: 10_000,
    });
    closing.push(broker);
    return broker;
  }

  async function publish(broker: RedisBroker, from: number, count: number): Promise<Position> {
    return broker.publish(
      LOG,
      Array.from({ length: count }, (_, index) => payload(from + index)),
    );
  }

  async function stateOf(broker: RedisBroker): Promise<Record<string, string>> {
    const { entries } = await broker.state(LOG);
    return Object.fromEntries(entries.map(({ key = '', data }) => [key, data]));
  }

  describe('a key of a log', () => {
    it('without its meta the log begins anew: its readers are reset', async () => {
      const broker = open();
      const listener = new LogRecorder();
      await broker.subscribe(LOG, listener);
      const before = await publish(broker, 1, 10);
      await listener.untilOffset(10);
      await admin.del(`marktide:{${LOG}}:meta`);
      await listener.until(() => listener.resets.length === 1);
      const after = await publish(broker, 11, 1);
      assert.notEqual(after.epoch, before.epoch);
      assert.deepEqual(await broker.history(LOG, { ...before, offset: 5 }, 100), { lost: 'epoch' });
      assert.deepEqual(await stateOf(broker), { k1: '11' });
    });

    it('without its ring the past is expired for whoever lacks some of it', async () => {
      const { log, lines } = keeping();
      const broker = open({ log });
      const listener = new LogRecorder();
      await broker.subscribe(LOG, listener);
      const end = await publish(broker, 1, 10);
      await listener.untilOffset(10);
      await admin.del(`marktide:{${LOG}}:ring`);
      assert.deepEqual(await broker.history(LOG, { ...end, offset: 9 }, 100), { lost: 'expired' });
      const whole = await broker.history(LOG, end, 100);
      assert.deepEqual(whole, { epoch: end.epoch, events: [], head: 10 });
      await publish(broker, 11, 3);
      await listener.untilOffset(13);
      assert.deepEqual(listener.resets, [], 'who has all of it lost nothing');
      const page = await broker.history(LOG, end, 100);
      assert.ok(!('lost' in page));
      assert.deepEqual(
        page.events.map(({ data }) => data),
        ['11', '12', '13'],
      );
      assert.deepEqual(Object.keys(await stateOf(broker)).length, 5);
      assert.deepEqual(
        lines.filter(({ msg }) => msg.includes('evicted')).map(({ level, ring, key }) => [level, ring, key]),
        [[40, LOG, 'ring']],
      );
    });

    it('without its ring it has as much room as before', async () => {
      const broker = open({ bounds: { ...BOUNDS, bytes: 3_000 } });
      const big = (n: number): Payload => ({ data: `${n}${'x'.repeat(95)}` });
      await broker.publish(
        LOG,
        Array.from({ length: 40 }, (_, n) => big(n)),
      );
      await admin.del(`marktide:{${LOG}}:ring`);
      let position: Position = { epoch: '', offset: 0 };
      for (let n = 0; n < 25; n += 1) position = await broker.publish(LOG, [big(n)]);
      const page = await broker.history(LOG, { ...position, offset: position.offset - 25 }, 100);
      assert.ok(!('lost' in page));
      assert.equal(page.events.length, 25);
    });

    for (const [what, act] of Object.entries({
      'a reader of the state': (broker: RedisBroker) => broker.state(LOG),
      'a reader that resumes': (broker: RedisBroker) => broker.history(LOG, { epoch: 'xxxxx', offset: 1 }, 1),
      'a reader that comes': (broker: RedisBroker) => broker.subscribe(LOG, new LogRecorder()),
      'a writer': (broker: RedisBroker) => publish(broker, 11, 1),
    })) {
      it(`without its state its readers are reset, as soon as ${what} finds out`, async () => {
        const { log, lines } = keeping();
        const broker = open();
        const listener = new LogRecorder();
        await broker.subscribe(LOG, listener);
        const before = await publish(broker, 1, 10);
        await listener.untilOffset(10);
        await admin.del(`marktide:{${LOG}}:state`);
        await act(open({ log }));
        await listener.until(() => listener.resets.length === 1);
        assert.equal(listener.resets[0]?.reason, 'epoch');
        assert.deepEqual(await broker.history(LOG, before, 100), { lost: 'epoch' });
        const { position } = await broker.state(LOG);
        assert.ok(position.epoch !== before.epoch && position.offset >= 10, 'offsets go on');
        assert.deepEqual(
          lines.filter(({ msg }) => msg.includes('evicted')).map(({ ring, key }) => [ring, key]),
          [[LOG, 'state']],
        );
        await publish(broker, 20, 2);
        await listener.until(() => listener.data.at(-1) === '21');
        assert.equal(listener.resets.length, 1, 'once');
      });
    }

    it('a log without a state has none to lose', async () => {
      const broker = open();
      const before = await broker.publish(LOG, [{ data: '1' }]);
      assert.equal((await broker.state(LOG)).position.epoch, before.epoch);
      await publish(broker, 2, 1);
      assert.equal((await broker.state(LOG)).position.epoch, before.epoch);
    });

    it('a log that a version before this one has made is taken over as it is', async () => {
      const broker = open();
      const before = await publish(broker, 1, 10);
      await admin.hdel(`marktide:{${LOG}}:meta`, 'state');
      assert.equal((await broker.state(LOG)).position.epoch, before.epoch);
      await admin.del(`marktide:{${LOG}}:state`);
      assert.notEqual((await broker.state(LOG)).position.epoch, before.epoch);
    });
  });

  describe('a key of a lease', () => {
    function leases(): RedisLeases {
      const log = pino({ level: 'silent' });
      const made = new RedisLeases({
        redis: server.url,
        clock: systemClock,
        random: Math.random,
        log,
        leaseMs: 1_500,
      });
      closing.push(made);
      return made;
    }

    it('the lease: its next holder shuts the former one out', async () => {
      const broker = open();
      const former = await leases().acquire('feed');
      assert.ok(former);
      await broker.publish(LOG, [payload(1)], { fence: former.fence });
      await admin.del('marktide:{lease:feed}');
      const next = await leases().acquire('feed');
      assert.ok(next && next.fence > former.fence);
      await broker.publish(LOG, [payload(2)], { fence: next.fence });
      await assert.rejects(broker.publish(LOG, [payload(3)], { fence: former.fence }), FencedError);
      if (!former.signal.aborted) await once(former.signal, 'abort');
      assert.ok(!next.signal.aborted);
    });

    it('the counter of fences: the next one is larger all the same', async () => {
      const some = leases();
      const former = await some.acquire('feed');
      assert.ok(former);
      await former.release();
      await admin.del('marktide:{lease:feed}:fence');
      // Its floor is the time in milliseconds.
      const millisecond = async (): Promise<number> => {
        const [seconds, micros] = await admin.time();
        return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
      };
      for (const start = await millisecond(); (await millisecond()) === start;);
      const next = await some.acquire('feed');
      assert.ok(next && next.fence > former.fence);
    });
  });

  describe('for want of memory', () => {
    /** What a reader may expect of one log, and what it was told. */
    class Reader extends LogRecorder {
      /** Newest data of each key, of each epoch in which it was published. */
      readonly expected = new Map<string, Map<string, string>>();
      position: Position | null = null;
    }

    for (const policy of ['allkeys-random', 'allkeys-lru', 'volatile-random', 'volatile-ttl']) {
      it(`nothing is missed without a reset (${policy})`, async function () {
        this.timeout(120_000);
        await admin.config('SET', 'maxmemory-policy', policy);
        const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1]);
        await admin.config('SET', 'maxmemory', String(used + 1_500_000));
        const logs = Array.from({ length: 40 }, (_, index) => `portfolio:${index}`);
        const broker = open();
        const readers = new Map<string, Reader>();
        for (const log of logs) {
          const reader = new Reader();
          await broker.subscribe(log, reader);
          readers.set(log, reader);
        }
        let losses = 0;
        let n = 0;
        async function step(index: number, size: number, isRead: boolean): Promise<void> {
          const log = logs[index] ?? '';
          const reader = readers.get(log);
          assert.ok(reader);
          const batch = Array.from({ length: size }, () => {
            n += 1;
            return { key: `k${n % 7}`, data: `${n}${'x'.repeat(500)}` };
          });
          const position = await broker.publish(log, batch);
          let expected = reader.expected.get(position.epoch);
          if (expected === undefined) reader.expected.set(position.epoch, (expected = new Map()));
          for (const { key, data } of batch) expected.set(key, data);
          if (!isRead) return;
          const { position: at, entries } = await broker.state(log);
          const state = new Map(entries.map(({ key = '', data }) => [key, data]));
          assert.deepEqual(state, reader.expected.get(at.epoch) ?? new Map(), 'the state is whole');
          const from = reader.position ?? at;
          const page = await broker.history(log, from, 10_000);
          if ('lost' in page) losses += 1;
          else assert.equal(page.events.length, page.head - from.offset);
          reader.position = at;
        }
        const steps = fc.array(
          fc.tuple(fc.nat({ max: logs.length - 1 }), fc.integer({ min: 1, max: 12 }), fc.boolean()),
          { minLength: 300, maxLength: 300, size: 'max' },
        );
        await fc.assert(
          fc.asyncProperty(steps, async (plan) => {
            for (const [index, size, isRead] of plan) await step(index, size, isRead);
          }),
          { numRuns: runs(4), endOnFailure: true },
        );
        const evicted = Number(/evicted_keys:(\d+)/.exec(await admin.info('stats'))?.[1]);
        assert.ok(evicted > 10 && losses > 2, `${evicted} keys were evicted, ${losses} places lost`);
        // Delivery is consecutive but for resets, of each of which the reader was told.
        for (const reader of readers.values()) {
          let jumps = 0;
          reader.offsets.forEach((offset, index) => {
            const before = reader.offsets[index - 1];
            if (before !== undefined && offset !== before + 1) jumps += 1;
          });
          assert.ok(jumps <= reader.resets.length, `${jumps} jumps, ${reader.resets.length} resets`);
        }
      });
    }
  });

  describe('its policy', () => {
    async function warnings(url = server.url): Promise<LogLine[]> {
      const { log, lines } = keeping();
      const broker = open({ log, url });
      await broker.head(LOG);
      while (!lines.some(({ msg }) => msg.includes('evict'))) {
        // Where there is nothing to say, nothing comes: then so many commands later it would have.
        if ((await admin.incr('tries')) > 200) break;
        await broker.head(LOG);
      }
      return lines.filter(({ msg }) => msg.includes('evict'));
    }

    it('is warned of at the start, with its figures', async () => {
      await admin.config('SET', 'maxmemory', '104857600');
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const [warning, ...others] = await warnings();
      assert.deepEqual(
        [warning?.level, warning?.['maxmemory'], warning?.['maxmemoryPolicy']],
        [40, 104_857_600, 'allkeys-lru'],
      );
      assert.match(warning?.msg ?? '', /maxmemory-policy to noeviction/);
      assert.equal(others.length, 0);
    });

    it('is not warned of where nothing is evicted', async () => {
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      assert.deepEqual(await warnings(), [], 'without a limit');
      await admin.config('SET', 'maxmemory', '104857600');
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
      assert.deepEqual(await warnings(), [], 'without eviction');
    });

    it('may be forbidden to ask: that is said at debug', async () => {
      await admin.call('ACL', 'SETUSER', 'narrow', 'on', '>secret-of-narrow', '~*', '&*', '+@all', '-info');
      const url = server.url.replace('redis://', 'redis://narrow:secret-of-narrow@');
      const [line, ...others] = await warnings(url);
      assert.deepEqual([line?.level, others.length], [20, 0]);
      assert.match(line?.msg ?? '', /policy of Redis is unknown/);
      await admin.call('ACL', 'DELUSER', 'narrow');
    });
  });

  it('refuses nothing that is read, whatever was evicted', async () => {
    const broker = open();
    await publish(broker, 1, 10);
    for (const key of ['meta', 'ring', 'state'])
      for (const call of [() => broker.head(LOG), () => broker.state(LOG), () => publish(broker, 1, 1)]) {
        await admin.del(`marktide:{${LOG}}:${key}`);
        await assert.doesNotReject(call(), BrokerUnavailableError);
      }
  });
});
