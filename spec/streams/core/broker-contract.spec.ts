import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { systemClock, type Clock } from '../../../lib/clock.ts';
import {
  BrokerUnavailableError,
  FencedError,
  OutdatedError,
  SequenceGapError,
  type Broker,
  type LogBounds,
  type LogEvent,
  type Position,
} from '../../../streams/core/broker.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { RedisBroker } from '../../../streams/redis/redis-broker.ts';
import { LogRecorder } from '../../support/log-recorder.ts';
import { redisAvailable, startRedisServer, type RedisServer } from '../../support/redis-server.ts';

const ROOMY: LogBounds = { events: 100_000, bytes: 50_000_000, ageMs: 3_600_000 };

interface Setup {
  broker: Broker;
  /** The broker of another process on the same backend; in memory there is only one. */
  other: Broker;
}

let bounds = ROOMY;
/** Real timers, a wall clock that a test may set forward. */
let shift = 0;
const clock: Clock = { ...systemClock, now: () => Date.now() + shift };

let generation = 0;

let redis: RedisServer | null = null;
let prefixes = 0;

const backends = [
  {
    name: 'memory',
    available: () => true,
    open(): Setup {
      const broker = new MemoryBroker({
        clock,
        bounds: () => bounds,
        generationOf: () => generation,
        random: Math.random,
      });
      return { broker, other: broker };
    },
  },
  {
    name: 'Redis',
    available: redisAvailable,
    open(): Setup {
      const url = redis?.url ?? '';
      const prefix = `contract${(prefixes += 1)}:`;
      const log = pino({ level: 'silent' });
      const open = (): Broker =>
        new RedisBroker({
          url,
          prefix,
          clock,
          random: Math.random,
          bounds: () => bounds,
          generationOf: () => generation,
          headCheckMs: 20,
          log,
          commandTimeoutMs: 30_000,
        });
      return { broker: open(), other: open() };
    },
  },
];

function batch(from: number, count: number): { data: string }[] {
  return Array.from({ length: count }, (_, i) => ({ data: JSON.stringify(from + i) }));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

async function readAll(broker: Broker, after: Position, limit = 1000): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  let at = after;
  for (;;) {
    const page = await broker.history('market', at, limit);
    assert.ok(!('lost' in page), `lost: ${JSON.stringify(page)}`);
    const last = page.events.at(-1);
    if (last === undefined) return events;
    events.push(...page.events);
    at = { epoch: page.epoch, offset: last.offset };
  }
}

for (const backend of backends) {
  describe(`Broker in ${backend.name}`, () => {
    let broker: Broker;
    let other: Broker;

    before(async function () {
      if (!backend.available()) this.skip();
      if (backend.name === 'Redis') redis = await startRedisServer();
    });

    after(async () => {
      if (backend.name === 'Redis') await redis?.stop();
    });

    beforeEach(() => {
      bounds = ROOMY;
      shift = 0;
      generation = 0;
      ({ broker, other } = backend.open());
    });

    afterEach(async () => {
      await broker.close();
      await other.close();
    });

    describe('publishing', () => {
      it('counts offsets 1, 2, 3, … over all batches of one epoch', async () => {
        const start = await broker.head('market');
        assert.match(start.epoch, /^[A-Za-z0-9_-]{5}$/);
        assert.equal(start.offset, 0);
        assert.deepEqual(await broker.publish('market', batch(1, 3)), { ...start, offset: 3 });
        assert.deepEqual(await broker.publish('market', batch(4, 1)), { ...start, offset: 4 });
        assert.deepEqual(await broker.publish('market', []), { ...start, offset: 4 });
        const events = await readAll(broker, start);
        assert.deepEqual(
          events.map(({ offset, data }) => [offset, data]),
          [1, 2, 3, 4].map((n) => [n, String(n)]),
        );
      });

      it('takes batches of a sequence in order and once, whoever publishes them', async () => {
        const start = await broker.head('market');
        const heard = new LogRecorder();
        await broker.subscribe('market', heard);
        const first = await broker.publish('market', batch(1, 2), { sequence: { after: 0, last: 5 } });
        // Again, by one that does not know whether it was taken.
        assert.deepEqual(
          await other.publish('market', batch(1, 2), { sequence: { after: 0, last: 5 } }),
          first,
        );
        const gap = other.publish('market', batch(4, 1), { sequence: { after: 6, last: 7 } });
        await assert.rejects(gap, (error) => error instanceof SequenceGapError && error.last === 5);
        const beginsBefore = other.publish('market', batch(2, 2), { sequence: { after: 4, last: 6 } });
        await assert.rejects(beginsBefore, (error) => error instanceof SequenceGapError && error.last === 5);
        await other.publish('market', batch(3, 1), { sequence: { after: 5, last: 6 } });
        // What has no place in the sequence does not move it.
        await broker.publish('market', batch(4, 1));
        await broker.publish('market', batch(5, 1), { sequence: { after: 6, last: 7 } });
        assert.equal(
          (await broker.publish('market', batch(3, 1), { sequence: { after: 5, last: 6 } })).offset,
          5,
        );
        const events = await readAll(broker, start);
        assert.deepEqual(
          events.map(({ data }) => data),
          ['1', '2', '3', '4', '5'],
        );
        await heard.until(() => heard.data.length >= 5);
        assert.deepEqual(heard.data, ['1', '2', '3', '4', '5']);
      });

      it('lets a sequence begin anywhere, if it is said that the log is known to have none', async () => {
        const blind = broker.publish('market', batch(1, 1), { sequence: { after: 8, last: 9 } });
        await assert.rejects(blind, (error) => error instanceof SequenceGapError && error.last === null);
        await broker.publish('market', batch(1, 1), { sequence: { after: null, last: 9 } });
        const late = other.publish('market', batch(1, 1), { sequence: { after: null, last: 10 } });
        await assert.rejects(late, (error) => error instanceof SequenceGapError && error.last === 9);
        // Every log has a sequence of its own.
        await broker.publish('portfolio:1', batch(1, 1), { sequence: { after: null, last: 3 } });
        assert.equal((await broker.head('market')).offset, 1);
      });

      it('starts over in a later generation, but for the fence', async () => {
        const heard = new LogRecorder();
        await other.subscribe('market', heard);
        const options = { fence: 7, sequence: { after: 0, last: 5 } };
        const before = await broker.publish('market', [{ key: 'price', data: '1' }], options);
        await heard.untilOffset(1);
        generation = 3;
        const begun = await broker.head('market');
        assert.notEqual(begun.epoch, before.epoch);
        assert.equal(begun.offset, 0);
        assert.deepEqual((await broker.state('market')).entries, []);
        assert.deepEqual(await broker.history('market', before, 10), { lost: 'epoch' });
        await heard.until(() => heard.resets.length === 1);
        assert.deepEqual(heard.resets, [{ position: begun, reason: 'epoch' }]);
        const fenced = broker.publish('market', batch(2, 1), { fence: 6 });
        await assert.rejects(fenced, FencedError);
        const again = { fence: 7, sequence: { after: 0, last: 1 } };
        assert.deepEqual(await broker.publish('market', batch(2, 1), again), { ...begun, offset: 1 });
        await heard.until(() => heard.received.length === 2);
        // Once.
        assert.deepEqual(await other.head('market'), { ...begun, offset: 1 });
        assert.equal(heard.resets.length, 1);
      });

      it('resets the listeners of a log that nobody uses in the later generation', async () => {
        const heard = new LogRecorder();
        await broker.publish('market', batch(1, 1));
        await broker.subscribe('market', heard);
        generation = 3;
        if (backend.name === 'memory') await broker.head('market');
        await heard.until(() => heard.resets.length === 1);
      });

      it('takes nothing from a process that is in an earlier generation', async () => {
        generation = 3;
        const head = await broker.publish('market', batch(1, 1));
        generation = 2;
        await assert.rejects(other.publish('market', batch(2, 1)), OutdatedError);
        assert.deepEqual(await other.head('market'), head);
        assert.deepEqual(
          await readAll(other, { ...head, offset: 0 }),
          await readAll(broker, { ...head, offset: 0 }),
        );
      });

      it('gives the place in a sequence to one of many who want it', async () => {
        const positions = await Promise.all(
          [1, 2, 3, 4].map((n) =>
            (n % 2 === 0 ? broker : other).publish('market', batch(n, 1), {
              sequence: { after: 0, last: 1 },
            }),
          ),
        );
        assert.deepEqual(
          positions.map(({ offset }) => offset),
          [1, 1, 1, 1],
        );
        assert.equal((await readAll(broker, { ...(await broker.head('market')), offset: 0 })).length, 1);
      });

      it('keeps logs apart', async () => {
        await broker.publish('market', batch(1, 3));
        assert.equal((await broker.publish('portfolio:1', batch(1, 1))).offset, 1);
        assert.notEqual((await broker.head('market')).epoch, (await broker.head('portfolio:1')).epoch);
      });

      it('never mixes the batches of concurrent publishers', async () => {
        const start = await broker.head('market');
        const writers = range(0, 39).map((i) =>
          (i % 2 === 0 ? broker : other).publish('market', batch(i * 5, 5)),
        );
        const ends = await Promise.all(writers);
        assert.deepEqual(
          ends.map(({ offset }) => offset).sort((a, b) => a - b),
          range(1, 40).map((n) => n * 5),
        );
        const numbers = (await readAll(other, start)).map(({ data }) => Number(data));
        for (let i = 0; i < numbers.length; i += 5) {
          const first = numbers[i] ?? -1;
          assert.deepEqual(numbers.slice(i, i + 5), range(first, first + 4));
        }
      });

      it('takes a very large batch in one piece', async () => {
        const listener = new LogRecorder();
        const { position } = await other.subscribe('market', listener);
        await broker.publish('market', batch(1, 20_000));
        await listener.untilOffset(20_000);
        assert.deepEqual(listener.offsets, range(1, 20_000));
        assert.equal((await readAll(broker, position)).length, 20_000);
      });

      it('gives back exactly the text it was given', async () => {
        const listener = new LogRecorder();
        const { position } = await broker.subscribe('market', listener);
        const payloads = [
          { key: 'ticker:BTC/KRW', data: '{"price":"1:2 3\\n"}' },
          { key: '키 with space:and 12:34', data: '"₩ — 🪙 \\u0000"' },
          { data: '' },
          { data: '{"a":1}\n{"b":2}' },
        ];
        await broker.publish('market', payloads);
        await listener.untilOffset(4);
        const expected = payloads.map(({ key, data }, i) => [i + 1, key, data]);
        const withoutTime = (events: LogEvent[]) =>
          events.map(({ offset, key, data }) => [offset, key, data]);
        assert.deepEqual(withoutTime(listener.received), expected);
        assert.deepEqual(withoutTime(await readAll(broker, position)), expected);
        assert.deepEqual(withoutTime((await broker.state('market')).entries), expected.slice(0, 2));
      });

      it('notes the time of publication', async () => {
        const before = clock.now();
        const start = await broker.head('market');
        await broker.publish('market', batch(1, 1));
        const at = (await readAll(broker, start))[0]?.at ?? 0;
        assert.ok(at >= before && at <= clock.now());
      });

      it('refuses a writer whose lease has passed on', async () => {
        await broker.publish('market', batch(1, 1), { fence: 7 });
        await other.publish('market', batch(2, 1), { fence: 1_700_000_000_001 });
        await assert.rejects(
          broker.publish('market', batch(3, 1), { fence: 1_700_000_000_000 }),
          FencedError,
        );
        assert.equal((await other.publish('market', batch(3, 1), { fence: 1_700_000_000_001 })).offset, 3);
        // Without a fence, as fills are published by every node, nothing is checked.
        assert.equal((await broker.publish('market', batch(4, 1))).offset, 4);
      });
    });

    describe('history', () => {
      it('pages through everything after a position, then says that there is no more', async () => {
        const start = await broker.head('market');
        await broker.publish('market', batch(1, 25));
        assert.deepEqual(
          (await readAll(broker, start, 10)).map(({ offset }) => offset),
          range(1, 25),
        );
        const page = await other.history('market', { ...start, offset: 20 }, 3);
        assert.ok(!('lost' in page));
        assert.deepEqual(
          [page.epoch, page.head, page.events.map(({ offset }) => offset)],
          [start.epoch, 25, [21, 22, 23]],
        );
        assert.deepEqual(await broker.history('market', { ...start, offset: 25 }, 10), {
          epoch: start.epoch,
          events: [],
          head: 25,
        });
      });

      it('knows a foreign epoch, a position ahead of the head, and one that has expired', async () => {
        bounds = { ...ROOMY, events: 10 };
        const { epoch } = await broker.publish('market', batch(1, 25));
        assert.deepEqual(await broker.history('market', { epoch: 'other', offset: 20 }, 5), {
          lost: 'epoch',
        });
        assert.deepEqual(await broker.history('market', { epoch, offset: 26 }, 5), { lost: 'ahead' });
        assert.deepEqual(await broker.history('market', { epoch, offset: 14 }, 5), { lost: 'expired' });
        assert.deepEqual(await broker.history('market', { epoch, offset: -1 }, 5), { lost: 'expired' });
        assert.deepEqual(await broker.history('market', { epoch, offset: Number.NaN }, 5), { lost: 'epoch' });
        const page = await broker.history('market', { epoch, offset: 15 }, 5);
        assert.ok(!('lost' in page));
        assert.deepEqual(
          page.events.map(({ offset }) => offset),
          range(16, 20),
        );
      });

      it('of a log that does not exist is lost', async () => {
        assert.deepEqual(await broker.history('market', { epoch: 'AAAAA', offset: 0 }, 5), { lost: 'epoch' });
      });
    });

    describe('state', () => {
      it('is the newest event of every key, in order, as of the head', async () => {
        assert.deepEqual((await broker.state('market')).entries, []);
        await broker.publish('market', [{ key: 'a', data: '1' }, { key: 'b', data: '2' }, { data: '3' }]);
        const position = await broker.publish('market', [
          { key: 'a', data: '4' },
          { key: 'a', data: '5' },
          { data: '6' },
        ]);
        const state = await other.state('market');
        assert.deepEqual(state.position, position);
        assert.deepEqual(
          state.entries.map(({ key, data, offset }) => [key, data, offset]),
          [
            ['b', '2', 2],
            ['a', '5', 5],
          ],
        );
      });

      it('outlives the event in the ring', async () => {
        bounds = { ...ROOMY, events: 2 };
        await broker.publish('market', [{ key: 'a', data: '1' }, ...batch(2, 5)]);
        assert.deepEqual(
          (await broker.state('market')).entries.map(({ data }) => data),
          ['1'],
        );
      });
    });

    describe('bounds', () => {
      async function retained(): Promise<LogEvent[]> {
        const { epoch, offset } = await broker.head('market');
        for (let after = 0; after <= offset; after += 1) {
          const page = await broker.history('market', { epoch, offset: after }, 1000);
          if (!('lost' in page)) return page.events;
        }
        throw new Error('the head itself is lost');
      }

      it('hold by number, whether events come one by one or in batches', async () => {
        bounds = { ...ROOMY, events: 8 };
        for (let i = 1; i <= 20; i += 1) await broker.publish('market', batch(i, 1));
        assert.deepEqual(
          (await retained()).map(({ offset }) => offset),
          range(13, 20),
        );
        await broker.publish('market', batch(21, 30));
        assert.deepEqual(
          (await retained()).map(({ offset }) => offset),
          range(43, 50),
        );
      });

      it('hold by bytes', async () => {
        bounds = { ...ROOMY, bytes: 1000 };
        for (let i = 0; i < 50; i += 1)
          await broker.publish('market', [{ key: 'k', data: 'é'.repeat(45 + (i % 9)) }]);
        const events = await retained();
        const bytes = events.reduce((sum, { key = '', data }) => sum + Buffer.byteLength(key + data), 0);
        assert.ok(bytes <= 1000 && bytes > 880, `${bytes} bytes`);
      });

      it('hold by age, also when nobody publishes any more', async () => {
        bounds = { ...ROOMY, ageMs: 600_000 };
        await broker.publish('market', batch(1, 5));
        shift = 400_000;
        await broker.publish('market', batch(6, 5));
        shift = 700_000;
        assert.deepEqual(
          (await retained()).map(({ offset }) => offset),
          range(6, 10),
        );
      });

      it('an event too large for the ring is delivered, but not retained', async () => {
        bounds = { ...ROOMY, bytes: 10 };
        const listener = new LogRecorder();
        const { position } = await broker.subscribe('market', listener);
        await broker.publish('market', [{ data: 'x'.repeat(100) }]);
        await listener.untilOffset(1);
        assert.deepEqual(await broker.history('market', position, 5), { lost: 'expired' });
        assert.deepEqual(await retained(), []);
      });
    });

    describe('subscribing', () => {
      it('delivers what follows the position, to every listener', async () => {
        const early = new LogRecorder();
        const late = new LogRecorder();
        const first = await broker.subscribe('market', early);
        await other.publish('market', batch(1, 3));
        await early.untilOffset(3);
        const second = await broker.subscribe('market', late);
        assert.deepEqual(second.position, { epoch: first.position.epoch, offset: 3 });
        await other.publish('market', batch(4, 3));
        await Promise.all([early.untilOffset(6), late.untilOffset(6)]);
        assert.deepEqual(early.offsets, range(1, 6));
        assert.deepEqual(late.offsets, range(4, 6));
        assert.deepEqual(early.epochs, [first.position.epoch]);
      });

      it('stops with close, for that listener alone', async () => {
        const staying = new LogRecorder();
        const leaving = new LogRecorder();
        await broker.subscribe('market', staying);
        const subscription = await broker.subscribe('market', leaving);
        await subscription.close();
        await subscription.close();
        await broker.publish('market', batch(1, 1));
        await staying.untilOffset(1);
        assert.deepEqual(leaving.offsets, []);
      });

      it('starts again after the last listener has left', async () => {
        const before = await broker.subscribe('market', new LogRecorder());
        await before.close();
        await broker.publish('market', batch(1, 2));
        const listener = new LogRecorder();
        const { position } = await broker.subscribe('market', listener);
        assert.equal(position.offset, 2);
        await broker.publish('market', batch(3, 1));
        await listener.untilOffset(3);
        assert.deepEqual(listener.offsets, [3]);
      });

      it('a listener that throws hurts neither the others nor the publisher', async () => {
        const healthy = new LogRecorder();
        await broker.subscribe('market', {
          events() {
            throw new Error('broken listener');
          },
          reset: () => undefined,
          condition: () => undefined,
        });
        await broker.subscribe('market', healthy);
        await broker.publish('market', batch(1, 1));
        await broker.publish('market', batch(2, 1));
        await healthy.untilOffset(2);
        assert.deepEqual(healthy.offsets, [1, 2]);
      });

      it('a listener that joins within a delivery stands behind what is being delivered', async () => {
        const late = new LogRecorder();
        const joining: ReturnType<Broker['subscribe']>[] = [];
        const early = new LogRecorder();
        await broker.subscribe('market', {
          events: (epoch, events) => {
            if (joining.length === 0) joining.push(broker.subscribe('market', late));
            early.events(epoch, events);
          },
          reset: () => undefined,
          condition: () => undefined,
        });
        await broker.publish('market', batch(1, 2));
        await early.untilOffset(2);
        const [subscription] = await Promise.all(joining);
        await broker.publish('market', batch(3, 2));
        await late.untilOffset(4);
        assert.equal(subscription?.position.offset, 2);
        assert.deepEqual(late.offsets, [3, 4]);
      });

      it('keeps the order for everybody when a listener publishes in reply', async () => {
        const replies: Promise<Position>[] = [];
        await broker.subscribe('market', {
          events(_, events) {
            for (const event of events)
              if (event.offset <= 3)
                replies.push(broker.publish('market', [{ data: `reply to ${event.offset}` }]));
          },
          reset: () => undefined,
          condition: () => undefined,
        });
        const second = new LogRecorder();
        await broker.subscribe('market', second);
        await broker.publish('market', batch(1, 3));
        await second.untilOffset(6);
        await Promise.all(replies);
        assert.deepEqual(second.offsets, range(1, 6));
      });

      it('joins history without gap or overlap, whenever it begins in a burst', async () => {
        const scenario = fc.record({
          batches: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 5, maxLength: 40 }),
          moment: fc.integer({ min: 0, max: 39 }),
          listeners: fc.integer({ min: 1, max: 3 }),
        });
        let run = 0;
        const property = fc.asyncProperty(scenario, async ({ batches, moment, listeners }) => {
          const log = `burst:${(run += 1)}`;
          const start = await broker.head(log);
          const recorders = range(1, listeners).map(() => new LogRecorder());
          const subscribing: ReturnType<Broker['subscribe']>[] = [];
          const publishing: Promise<Position>[] = [];
          let count = 0;
          for (const [i, size] of batches.entries()) {
            if (i === moment % batches.length)
              subscribing.push(...recorders.map((recorder) => broker.subscribe(log, recorder)));
            const published = (i % 2 === 0 ? broker : other).publish(log, batch(count, size));
            publishing.push(published);
            count += size;
            // Now and then a breath, so that deliveries fall between the publishes.
            if (i % 7 === 6) await published;
          }
          const subscriptions = await Promise.all(subscribing);
          await Promise.all(publishing);
          await broker.publish(log, [{ data: 'end' }]);
          for (const [i, recorder] of recorders.entries()) {
            const offset = subscriptions[i]?.position.offset ?? -1;
            await recorder.untilOffset(count + 1);
            assert.deepEqual(recorder.offsets, range(offset + 1, count + 1));
            const page = await broker.history(log, start, 1000);
            assert.ok(!('lost' in page));
            assert.deepEqual(
              [...page.events.slice(0, offset), ...recorder.received],
              page.events,
              'history up to the position and then live is the whole log',
            );
          }
          await Promise.all(subscriptions.map((subscription) => subscription.close()));
        });
        await fc.assert(property, { numRuns: 40 });
      });
    });

    it('refuses everything once it is closed', async () => {
      await broker.close();
      await assert.rejects(broker.publish('market', batch(1, 1)), BrokerUnavailableError);
      await assert.rejects(broker.subscribe('market', new LogRecorder()), BrokerUnavailableError);
      await assert.rejects(broker.head('market'), BrokerUnavailableError);
    });
  });
}

describe('MemoryBroker', () => {
  it('delivers within publish', async () => {
    const broker = new MemoryBroker({ clock, bounds: () => ROOMY, random: Math.random });
    const listener = new LogRecorder();
    await broker.subscribe('market', listener);
    const published = broker.publish('market', batch(1, 2));
    assert.deepEqual(listener.offsets, [1, 2]);
    await published;
    await broker.close();
  });

  it('forgets the least recently used logs, but none that is listened to', async () => {
    const broker = new MemoryBroker({ clock, bounds: () => ROOMY, random: Math.random, maxLogs: 3 });
    const kept = await broker.subscribe('portfolio:kept', new LogRecorder());
    const first = await broker.publish('portfolio:1', batch(1, 1));
    for (let i = 2; i <= 10; i += 1) await broker.publish(`portfolio:${i}`, batch(1, 1));
    assert.deepEqual(await broker.history('portfolio:1', first, 1), { lost: 'epoch' });
    assert.notEqual((await broker.head('portfolio:1')).epoch, first.epoch);
    assert.deepEqual(await broker.head('portfolio:kept'), kept.position);
    await broker.close();
  });

  it('forgets logs that have been idle for longer than their age bound', async () => {
    shift = 0;
    const broker = new MemoryBroker({ clock, bounds: () => ROOMY, random: Math.random });
    const idle = await broker.publish('portfolio:idle', batch(1, 1));
    shift = ROOMY.ageMs + 1000;
    await broker.publish('market', batch(1, 1));
    assert.notEqual((await broker.head('portfolio:idle')).epoch, idle.epoch);
    await broker.close();
    shift = 0;
  });
});
