import assert from 'node:assert/strict';
import type { Slots } from '../../../../lib/async/slots.ts';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import { ndjsonWire } from '../../../../streams/transports/wires.ts';
import { channelsOf } from '../../../support/channels.ts';
import { CollectingSink } from '../../../support/collecting-sink.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

const STALL_MS = 30_000;
const WAIT_MS = 10_000;

function tradesOf(sink: CollectingSink): number[] {
  return sink.of('trade').map(({ data }) => Number(data.tradeId));
}

describe('streams that catch up', () => {
  let clock: VirtualClock;
  let broker: MemoryBroker;
  let replays: Slots;
  let hub: Hub;
  let count: number;

  beforeEach(() => {
    clock = new VirtualClock();
    count = 0;
    const bounds = () => ({ events: 100_000, bytes: 2 ** 30, ageMs: 3_600_000 });
    broker = new MemoryBroker({ clock, random: Math.random, bounds });
    hub = coreHub({
      broker,
      clock,
      maxReplays: 3,
      maxReplaysPerUser: 2,
    });
    ({ replays } = hub);
  });
  afterEach(async () => {
    await hub.close();
    await broker.close();
    assert.equal(replays.size, 0, 'every slot is given back');
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  async function publish(events: number): Promise<void> {
    const payloads = Array.from({ length: events }, () => {
      count += 1;
      const trade = {
        symbol: 'A/B',
        tradeId: String(count),
        side: null,
        price: '1',
        quantity: '1',
        time: '',
        exchange: null,
        simulated: false,
      };
      return { data: JSON.stringify({ type: 'tick', ticker: null, trade }) };
    });
    await broker.publish(MARKET_LOG, payloads);
  }

  /** @returns its sink; it is being opened */
  function open(userId: string, lastEventId: string | null, isReading = true): CollectingSink {
    const sink = new CollectingSink();
    sink.isReading = isReading;
    void hub.open({
      id: `${userId} ${Math.random()}`,
      owner: { userId, sessionId: null, expiresAt: null },
      channels: channelsOf('trade:A/B'),
      lastEventId,
      replay: 'full',
      wire: ndjsonWire,
      sink,
      onOpen: () => undefined,
    });
    return sink;
  }

  /** An id, with two pages of events behind it. */
  async function origin(): Promise<string> {
    await publish(1);
    const sink = open('somebody', null);
    await clock.advance(0);
    const { lastId } = sink;
    assert.ok(lastId);
    await publish(2_000);
    return lastId;
  }

  const all = (): number[] => Array.from({ length: count - 1 }, (_, index) => index + 2);

  it('are so many of one user; others wait, and other users do not', async () => {
    const id = await origin();
    const slow = [open('a', id, false), open('a', id, false)];
    const waiting = open('a', id);
    await clock.advance(100);
    assert.deepEqual(
      slow.map((sink) => tradesOf(sink).length),
      [1_000, 1_000],
    );
    assert.deepEqual([waiting.text, replays.size], ['', 2]);
    const friend = open('b', id);
    await clock.advance(100);
    assert.deepEqual(tradesOf(friend), all());
    slow[0]?.read();
    await clock.advance(100);
    assert.deepEqual(tradesOf(waiting), all());
    slow[1]?.read();
    await clock.advance(100);
    await publish(3);
    await clock.advance(100);
    for (const sink of [...slow, waiting, friend]) assert.deepEqual(tradesOf(sink), all());
  });

  it('need no slot when they begin without an id', async () => {
    const id = await origin();
    const slow = [open('a', id, false), open('a', id, false), open('b', id, false)];
    await clock.advance(100);
    assert.equal(replays.size, 3);
    const fresh = open('a', null);
    await clock.advance(100);
    assert.equal(fresh.of('ready').length, 1);
    for (const sink of slow) sink.read();
    await clock.advance(100);
  });

  it('are told to come back when there is no slot in time, and lose nothing', async () => {
    const id = await origin();
    const slow = [open('a', id, false), open('a', id, false), open('b', id, false)];
    await clock.advance(0);
    const own = open('a', id);
    const other = open('c', id);
    await clock.advance(WAIT_MS - 1);
    assert.deepEqual([own.isEnded, other.isEnded], [false, false]);
    await clock.advance(1);
    assert.deepEqual([own.endedFor, other.endedFor], ['rate-limited', 'unavailable']);
    assert.equal(own.of('notice').at(-1)?.data.code, 'rate-limited');
    assert.deepEqual(tradesOf(own), []);
    for (const sink of slow) sink.read();
    await clock.advance(100);
    const again = open('a', own.lastId ?? id);
    await clock.advance(100);
    assert.deepEqual(tradesOf(again), all());
  });

  it('hold no slot when their client has gone while they waited', async () => {
    const id = await origin();
    const slow = [open('a', id, false), open('a', id, false)];
    await clock.advance(0);
    open('a', id);
    await clock.advance(0);
    hub.endWhere(({ subscriber }) => !subscriber.isBlocked, 'ended');
    for (const sink of slow) sink.read();
    await clock.advance(100);
    assert.equal(replays.size, 0);
  });

  it('end when their reader takes nothing of it, and go on while it takes some', async () => {
    const id = await origin();
    const [stalled, slow] = [open('a', id, false), open('b', id, false)];
    for (const sink of [stalled, slow]) sink.pendingBytes = 1_000_000;
    await clock.advance(0);
    for (let turn = 1; turn <= 3; turn += 1) {
      slow.pendingBytes -= 100_000;
      await clock.advance(STALL_MS);
      assert.equal(stalled.endedFor, 'slow-reader');
      assert.equal(slow.isEnded, false);
    }
    assert.equal(replays.size, 1);
    slow.read();
    await clock.advance(100);
    assert.deepEqual(tradesOf(slow), all());
    // What was written may have arrived: it goes on from there.
    const again = open('a', stalled.lastId);
    await clock.advance(100);
    assert.deepEqual([...tradesOf(stalled), ...tradesOf(again)], all());
  });
});
