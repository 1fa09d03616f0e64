import assert from 'node:assert/strict';
import { type Broker, BrokerUnavailableError } from '../../../streams/core/broker.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import {
  type ReportedStream,
  StreamRegistry,
  type StreamRegistryOptions,
} from '../../../streams/fleet/stream-registry.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const QUESTION = { userId: null, after: '', limit: 10 };

type Hub = StreamRegistryOptions['hub'];

function hubOf(...ids: string[]): Hub {
  const owner = { userId: 'u', sessionId: 's', expiresAt: 0 };
  const subscriber = { channels: [], queuedBytes: 0, sentEvents: 0, conflated: 0, lag: 0 };
  const stream = { owner, transport: 'sse' as const, openedAt: 0 };
  let streams: ReportedStream[] = ids.map((id) => ({ ...stream, id, subscriber }));
  return {
    streams: () => [...streams],
    endWhere(predicate) {
      const before = streams.length;
      streams = streams.filter((each) => !predicate(each));
      return before - streams.length;
    },
  };
}

describe('the roll of open streams', () => {
  let clock: VirtualClock;
  let inner: MemoryBroker;
  let listening: number;
  let isAway: boolean;
  let rolls: StreamRegistry[];

  async function node(name: string, hub: Hub): Promise<StreamRegistry> {
    const broker: Partial<Broker> = {
      publish: async (...args) => {
        if (isAway) throw new BrokerUnavailableError();
        return inner.publish(...args);
      },
      subscribe: (...args) => inner.subscribe(...args),
      audience: () => Promise.resolve(listening),
    };
    const options = { broker: broker as Broker, hub, clock, logger: quiet, node: name, hasPeers: true };
    const roll = new StreamRegistry(options);
    await roll.start();
    rolls.push(roll);
    return roll;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    const bounds = { events: 100, bytes: 100_000, ageMs: 60_000 };
    inner = new MemoryBroker({ clock, random: Math.random, bounds: () => bounds });
    rolls = [];
    isAway = false;
  });
  afterEach(async () => {
    for (const roll of rolls) await roll.close();
    await inner.close();
    assert.equal(clock.pending, 0);
  });

  it('is whole as soon as every node has answered', async () => {
    listening = 3;
    const first = await node('a', hubOf('1', '4'));
    await node('b', hubOf('3', '2'));
    await node('c', hubOf());
    const { streams, silent } = await first.list(QUESTION);
    assert.deepEqual([streams.map(({ id }) => id), silent], [['1', '2', '3', '4'], 0]);
    const page = await first.list({ ...QUESTION, after: '1', limit: 1 });
    assert.deepEqual(
      page.streams.map(({ id }) => id),
      ['2', '3'],
      'one more than asked for tells that there are more',
    );
  });

  it("ends a stream wherever it is, if it is the right user's, as soon as its node has answered", async () => {
    listening = 3;
    const hub = hubOf('3', '2');
    const first = await node('a', hubOf('1', '4'));
    await node('b', hub);
    assert.equal(await first.end('4', 'u'), 'ended');
    assert.equal(await first.end('2', 'u'), 'ended', 'although one node is silent');
    assert.deepEqual(
      hub.streams().map(({ id }) => id),
      ['3'],
    );
    await node('c', hubOf());
    assert.equal(await first.end('3', 'v'), 'not-found');
    assert.equal(await first.end('2', null), 'not-found');
    assert.equal(hub.streams().length, 1);
  });

  it('does not claim that there is no such stream while a node is silent', async () => {
    listening = 2;
    const first = await node('a', hubOf('1'));
    const ending = first.end('2', null);
    await clock.advance(1_000);
    assert.equal(await ending, 'unknown');
  });

  it('tells how many have not answered within a second', async () => {
    listening = 3;
    const first = await node('a', hubOf('1'));
    await node('b', hubOf('2'));
    const called = first.list(QUESTION);
    await clock.advance(1_000);
    const { streams, silent } = await called;
    assert.deepEqual([streams.map(({ id }) => id), silent], [['1', '2'], 1]);
  });

  it('has those of this node when nobody can be asked', async () => {
    listening = 2;
    const first = await node('a', hubOf('1'));
    isAway = true;
    const { streams, silent } = await first.list(QUESTION);
    assert.deepEqual([streams.map(({ id }) => id), silent], [['1'], 1]);
  });
});
