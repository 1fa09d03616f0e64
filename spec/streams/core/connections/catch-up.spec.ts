import assert from 'node:assert/strict';
import { type Position } from '../../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import { channelsOf } from '../../../support/channels.ts';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import { ndjsonWire } from '../../../../streams/transports/wires.ts';
import { CollectingSink } from '../../../support/collecting-sink.ts';
import { LaggingBroker } from '../../../support/lagging-broker.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

function tradesOf(sink: CollectingSink): number[] {
  return sink.of('trade').map(({ data }) => Number(data.tradeId));
}

describe('catching up', () => {
  let clock: VirtualClock;
  let broker: LaggingBroker;
  let hub: Hub;
  let count: number;

  beforeEach(() => {
    clock = new VirtualClock();
    count = 0;
    const bounds = (): { events: number; bytes: number; ageMs: number } => ({
      events: 100_000,
      bytes: 2 ** 30,
      ageMs: 3_600_000,
    });
    broker = new LaggingBroker(new MemoryBroker({ clock, random: Math.random, bounds }));
    hub = coreHub({
      broker,
      clock,
    });
  });
  afterEach(async () => {
    await hub.close();
    await broker.close();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  function publish(events: number): Promise<Position> {
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
    return broker.publish(MARKET_LOG, payloads);
  }

  function open(sink: CollectingSink, lastEventId: string | null): Promise<unknown> {
    return hub.open({
      id: String(Math.random()),
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf('trade:A/B'),
      lastEventId,
      replay: 'full',
      wire: ndjsonWire,
      sink,
      onOpen: () => undefined,
    });
  }

  function upTo(last: number, first = 1): number[] {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  }

  async function origin(): Promise<string> {
    await publish(1);
    const sink = new CollectingSink();
    await open(sink, null);
    assert.ok(sink.lastId);
    return sink.lastId;
  }

  it('events that the ring told before the live delivery did come once', async () => {
    const id = await origin();
    broker.isHolding = true;
    await publish(10);
    const sink = new CollectingSink();
    await open(sink, id);
    assert.deepEqual(tradesOf(sink), upTo(11, 2));
    broker.release();
    await publish(2);
    await clock.advance(20);
    assert.deepEqual(tradesOf(sink), upTo(13, 2));
  });

  it('events published while a page is on its way are not lost', async () => {
    const id = await origin();
    await publish(2_500);
    let more = 5;
    broker.afterPage = async () => {
      if (more > 0) await publish(7);
      more -= 1;
    };
    const sink = new CollectingSink();
    await open(sink, id);
    await publish(3);
    await clock.advance(20);
    assert.deepEqual(tradesOf(sink), upTo(count, 2));
  });

  it('a reader that stops in the middle of a long history holds the rest back, not in memory', async () => {
    const id = await origin();
    await publish(5_000);
    const sink = new CollectingSink();
    sink.isReading = false;
    const opening = open(sink, id);
    await clock.advance(1_000);
    assert.equal(tradesOf(sink).length, 1_000, 'one page, and no more before it is read');
    await publish(500);
    sink.read();
    await opening;
    await clock.advance(20);
    assert.equal(sink.isEnded, false, 'a long history never trips the cap');
    assert.deepEqual(tradesOf(sink), upTo(5_501, 2));
  });

  it('a reader of an events channel that stops reading is told to resume, and can', async () => {
    const id = await origin();
    const slow = new CollectingSink();
    await open(slow, id);
    slow.isReading = false;
    for (let round = 0; round < 200 && !slow.isEnded; round += 1) {
      await publish(10);
      await clock.advance(20);
    }
    assert.ok(slow.isEnded);
    assert.equal(slow.events.at(-1)?.data.code, 'slow-reader');
    const again = new CollectingSink();
    await open(again, slow.lastId);
    assert.deepEqual([...tradesOf(slow), ...tradesOf(again)], upTo(count, 2));
  });
});
