import assert from 'node:assert/strict';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { channelsOf } from '../../support/channels.ts';
import type { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { Sink } from '../../../streams/core/sink.ts';
import type { Subscriber } from '../../../streams/core/connections/subscriber.ts';
import { sseWire } from '../../../streams/transports/wires.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { coreHub } from '../../support/streams/core-hub.ts';

const READERS = 1_700;
/** Of one write, so that an event takes several turns of the loop. */
const WRITE_MS = 0.01;

describe('an event to very many readers', () => {
  const clock = new VirtualClock();
  let hub: Hub;
  let broker: MemoryBroker;
  let readers: Reader[];

  class Reader implements Sink {
    readonly pendingBytes = 0;
    text = '';
    subscriber: Subscriber | null = null;
    write(chunk: string): boolean {
      clock.spend(WRITE_MS);
      this.text += chunk;
      return true;
    }
    onDrain(): void {}
    end(): void {}
  }

  async function publish(price: string): Promise<void> {
    const trade = { symbol: 'BTC/KRW', price, quantity: '1', time: 0, exchange: null, simulated: false };
    const ticker = { symbol: 'BTC/KRW', price, time: 0, exchange: null, simulated: false };
    const data = JSON.stringify({ type: 'tick', ticker, trade });
    await broker.publish(MARKET_LOG, [{ key: 'ticker:BTC/KRW', data }]);
  }

  const pricesIn = (text: string): string[] =>
    [...text.matchAll(/"price":"(\d+)"/g)].map(([, price = '']) => price);
  const havingSeen = (price: string): number =>
    readers.filter(({ text }) => pricesIn(text).includes(price)).length;

  beforeEach(async () => {
    const bounds = (): { events: number; bytes: number; ageMs: number } => ({
      events: 1_000,
      bytes: 2 ** 20,
      ageMs: 600_000,
    });
    broker = new MemoryBroker({ clock, random: () => 0.5, bounds });
    hub = coreHub({
      broker,
      clock,
      maxAgeMs: 300_000,
      queueBytes: 65_536,
      maxStreams: READERS,
      maxStreamsPerUser: READERS,
      maxStreamsPerAddress: READERS,
    });
    readers = Array.from({ length: READERS }, () => new Reader());
    await Promise.all(
      readers.map(async (reader, n) => {
        reader.subscriber = await hub.open({
          id: String(n),
          owner: { userId: null, sessionId: null, expiresAt: null },
          channels: channelsOf('trade:BTC/KRW'),
          lastEventId: null,
          replay: 'full',
          wire: sseWire,
          sink: reader,
          onOpen: () => undefined,
        });
      }),
    );
    await clock.advance(100);
    for (const reader of readers) reader.text = '';
  });
  afterEach(async () => {
    await hub.close();
    assert.equal(clock.pending, 0);
  });

  it('reaches all of them, in parts that let others have the loop, under the same ids', async () => {
    const seen: number[] = [];
    await publish('1');
    for (let n = 0; n < 40; n += 1) {
      await clock.advance(1);
      seen.push(havingSeen('1'));
    }
    assert.ok(
      seen.some((count) => count > 0 && count < READERS),
      seen.join(),
    );
    for (const price of ['2', '3', '4', '5']) {
      await publish(price);
      // Less than it takes to write one of them to all.
      await clock.advance(7);
    }
    await clock.advance(1_000);
    assert.deepEqual(pricesIn(readers[0]?.text ?? ''), ['1', '2', '3', '4', '5']);
    assert.equal(new Set(readers.map(({ text }) => text)).size, 1);
  });

  it('reaches nobody who has gone when their turn comes, and whoever has come since gets the next one', async () => {
    await publish('1');
    while (havingSeen('1') === 0) await clock.advance(1);
    const waiting = readers.filter(({ text }) => text === '');
    assert.ok(waiting.length > 0 && waiting.length < READERS);
    const gone = waiting.slice(0, waiting.length - 10);
    for (const { subscriber } of gone) subscriber?.closed();
    const late = new Reader();
    await hub.open({
      id: 'late',
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf('trade:BTC/KRW'),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: late,
      onOpen: () => undefined,
    });
    await publish('2');
    await clock.advance(1_000);
    assert.ok(gone.every(({ text }) => text === ''));
    const stayed = readers.filter((reader) => !gone.includes(reader));
    assert.ok(stayed.every(({ text }) => pricesIn(text).join() === '1,2'));
    assert.deepEqual(pricesIn(late.text), ['2']);
  });

  it('reaches all before they are told to leave', async () => {
    await publish('1');
    while (havingSeen('1') === 0) await clock.advance(1);
    const over = hub.drain(1_000);
    await clock.advance(2_000);
    await over;
    assert.ok(readers.every(({ text }) => pricesIn(text).join() === '1' && text.includes('event:notice')));
  });
});
