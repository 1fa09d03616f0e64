import assert from 'node:assert/strict';
import type { Broker, LogListener } from '../../../../streams/core/broker.ts';
import { MARKET_LOG } from '../../../../streams/channels/logs.ts';
import { channelsOf } from '../../../support/channels.ts';
import type { Hub } from '../../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../../streams/memory/memory-broker.ts';
import type { EndReason, Sink } from '../../../../streams/core/sink.ts';
import { websocketWire } from '../../../../streams/transports/wires.ts';
import { quiet } from '../../../support/log-watch.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { coreHub } from '../../../support/streams/core-hub.ts';

/** A reader that may stop reading. */
class Reader implements Sink {
  text = '';
  pendingBytes = 0;
  isReading = true;
  endedFor: EndReason | null = null;
  #drain: () => void = () => undefined;

  write(chunk: string): boolean {
    this.text += chunk;
    return this.isReading;
  }
  onDrain(listener: () => void): void {
    this.#drain = listener;
  }
  end(reason: EndReason): void {
    this.endedFor = reason;
  }
  read(): void {
    this.isReading = true;
    this.#drain();
  }
  get events(): { event: string; id?: string; data: { tradeId?: string; reason?: string } }[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }
  names(): string[] {
    return this.events.map(({ event }) => event);
  }
}

describe('a change of channels', () => {
  const clock = new VirtualClock();
  let inner: MemoryBroker;
  let listener: LogListener | null;
  let hub: Hub;
  let count = 0;

  beforeEach(() => {
    inner = new MemoryBroker({
      clock,
      random: Math.random,
      log: quiet,
      bounds: () => ({ events: 1_000, bytes: 1e6, ageMs: 1e9 }),
    });
    const broker: Broker = {
      publish: (...args) => inner.publish(...args),
      history: (...args) => inner.history(...args),
      head: (log) => inner.head(log),
      state: (log) => inner.state(log),
      audience: (log) => inner.audience(log),
      close: () => inner.close(),
      subscribe: (log, each) => {
        listener = each;
        return inner.subscribe(log, each);
      },
    };
    hub = coreHub({
      broker,
      clock,
      maxAgeMs: 1e9,
      queueBytes: 2_000,
      maxStreams: 10,
      maxStreamsPerUser: 10,
      maxStreamsPerAddress: 10,
    });
  });
  afterEach(async () => {
    await hub.close();
    await inner.close();
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  async function publish(events: number): Promise<void> {
    const payloads = Array.from({ length: events }, () => {
      count += 1;
      const trade = { symbol: 'A/B', tradeId: String(count), side: null, price: '1' };
      return { data: JSON.stringify({ type: 'tick', ticker: null, trade }) };
    });
    await inner.publish(MARKET_LOG, payloads);
    await clock.advance(50);
  }

  async function open(channels: string): Promise<Reader> {
    const reader = new Reader();
    await hub.open({
      id: 'one',
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf(channels),
      lastEventId: null,
      replay: 'full',
      wire: websocketWire,
      sink: reader,
      onOpen: () => undefined,
    });
    await clock.advance(50);
    return reader;
  }

  async function change(channels: string): Promise<void> {
    const selection = { channels: channelsOf(channels), lastEventId: null, replay: 'full' } as const;
    await hub.resubscribe('one', selection, () => undefined);
    await clock.advance(50);
  }

  it('tells a reader that is behind of the reset it has not been told of yet', async () => {
    const reader = await open('trade:A/B');
    reader.isReading = false;
    await publish(1);
    const { position } = await inner.state(MARKET_LOG);
    listener?.reset(position, 'expired');
    await clock.advance(50);
    assert.ok(!reader.names().includes('reset'), 'it waits in the queue');
    await change('trade:A/B,ticker:A/B');
    assert.deepEqual(reader.names().slice(-3), ['reset', 'ready', 'ready']);
  });

  it('goes on behind what was written, whatever waited', async () => {
    const reader = await open('trade:A/B');
    const first = count + 1;
    await publish(2);
    reader.isReading = false;
    await publish(3);
    await change('trade:A/B,ticker:A/B');
    reader.read();
    await publish(2);
    const ids = reader.events.flatMap(({ data }) => data?.tradeId ?? []);
    assert.deepEqual(
      ids,
      Array.from({ length: 7 }, (_, index) => String(first + index)),
    );
  });

  it('does not make a burst a slow reader, nor a slow reader a quick one', async () => {
    const reader = await open('trade:A/B');
    await publish(100);
    assert.equal(reader.endedFor, null);
    assert.equal(reader.events.filter(({ event }) => event === 'trade').length, 100);
    reader.isReading = false;
    await publish(100);
    assert.equal(reader.endedFor, 'slow-reader');
  });

  it('ends nothing twice when the stream is already over', async () => {
    const reader = await open('trade:A/B');
    hub.endWhere(() => true, 'ended');
    await change('ticker:A/B');
    assert.equal(reader.endedFor, 'ended');
    assert.equal(hub.streams().length, 0);
  });
});
