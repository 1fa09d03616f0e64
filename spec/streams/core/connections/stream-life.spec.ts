import assert from 'node:assert/strict';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import { channelsOf } from '../../../support/channels.ts';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import type { EndReason, Sink } from '../../../../streams/core/sink.ts';
import { sseWire } from '../../../../streams/transports/wires.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

class Reader implements Sink {
  /** What was written, with the time of it. */
  readonly chunks: { at: number; text: string }[] = [];
  endedFor: EndReason | null = null;
  endedAt = 0;
  pendingBytes = 0;
  isReading = true;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  write(text: string): boolean {
    this.chunks.push({ at: this.#clock.monotonic(), text });
    return this.isReading;
  }
  onDrain(): void {}
  end(reason: EndReason): void {
    this.endedFor = reason;
    this.endedAt = this.#clock.monotonic();
  }

  get beats(): number[] {
    return this.chunks.filter(({ text }) => text.startsWith(':')).map(({ at }) => at);
  }
}

describe('the life of a stream', () => {
  let clock: VirtualClock;
  let broker: MemoryBroker;
  let hub: Hub;

  beforeEach(() => {
    clock = new VirtualClock();
    const bounds = { events: 1_000, bytes: 1e6, ageMs: 1e9 };
    broker = new MemoryBroker({ clock, random: Math.random, bounds: () => bounds });
    hub = coreHub({
      broker,
      clock,
    });
  });
  afterEach(async () => {
    await hub.close();
    await broker.close();
    assert.equal(clock.pending, 0);
  });

  async function open(expiresAt: number | null = null): Promise<Reader> {
    const reader = new Reader(clock);
    await hub.open({
      id: String(Math.random()),
      owner: { userId: null, sessionId: null, expiresAt },
      channels: channelsOf('trade:A/B'),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: reader,
      onOpen: () => undefined,
    });
    return reader;
  }

  function publish(): Promise<unknown> {
    const trade = { symbol: 'A/B', tradeId: '1', price: '1', quantity: '1' };
    return broker.publish(MARKET_LOG, [{ data: JSON.stringify({ type: 'tick', ticker: null, trade }) }]);
  }

  it('has a heartbeat after 15 s of silence, and again', async () => {
    const reader = await open();
    await clock.advance(60_500);
    assert.equal(reader.beats.length, 4);
    let last = 0;
    for (const at of reader.beats) {
      assert.ok(at - last >= 15_000 && at - last <= 15_250, String(reader.beats));
      last = at;
    }
  });

  it('has none while events come', async () => {
    const reader = await open();
    for (let second = 0; second < 60; second += 10) {
      await publish();
      await clock.advance(10_000);
    }
    assert.deepEqual(reader.beats, []);
    await clock.advance(10_000);
    assert.equal(reader.beats.length, 1);
  });

  it('has none while its reader is behind', async () => {
    const reader = await open();
    reader.isReading = false;
    await publish();
    await clock.advance(60_000);
    assert.deepEqual(reader.beats, []);
  });

  it('ends within a second of the end of its credential, also when the wall clock was set', async () => {
    const [soon, later] = [await open(clock.now() + 20_000), await open(clock.now() + 3_000_000)];
    await clock.advance(19_900);
    assert.equal(soon.endedFor, null);
    await clock.advance(1_000);
    assert.equal(soon.endedFor, 'token-expired');
    assert.ok(soon.endedAt >= 20_000 && soon.endedAt <= 20_500, String(soon.endedAt));
    clock.jump(3_000_000);
    await clock.advance(1_000);
    assert.equal(later.endedFor, 'token-expired');
  });

  it('ends at its age', async () => {
    const reader = await open();
    await clock.advance(3_599_000);
    assert.equal(reader.endedFor, null);
    await clock.advance(1_500);
    assert.equal(reader.endedFor, 'max-age');
    assert.match(reader.chunks.at(-1)?.text ?? '', /^retry:\d+\n\nevent:notice\n/);
  });
});
