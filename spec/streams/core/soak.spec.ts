import assert from 'node:assert/strict';
import { CATALOG } from '../../../streams/channels/catalog.ts';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MARKET_LOG } from '../../../streams/channels/logs.ts';
import { channelsOf } from '../../support/channels.ts';
import { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import type { Sink } from '../../../streams/core/sink.ts';
import type { Subscriber } from '../../../streams/core/connections/subscriber.ts';
import { sseWire } from '../../../streams/transports/wires.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Reads everything and remembers only the last id. */
class Reader implements Sink {
  readonly pendingBytes = 0;
  lastId: string | null = null;
  bytes = 0;
  write(chunk: string): boolean {
    this.bytes += chunk.length;
    const at = chunk.lastIndexOf('id:');
    if (at >= 0) this.lastId = chunk.slice(at + 3, chunk.indexOf('\n', at)).trim();
    return true;
  }
  onDrain(): void {}
  end(): void {}
}

describe('an hour of streams, compressed', () => {
  it('with readers that come, go and resume leaves no timer, no view and no memory behind', async function () {
    this.timeout(120_000);
    const clock = new VirtualClock();
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const bounds = (): { events: number; bytes: number; ageMs: number } => ({
      events: 1_000,
      bytes: 2 ** 20,
      ageMs: 600_000,
    });
    const broker = new MemoryBroker({ clock, random, bounds });
    let watched = 0;
    const hub = new Hub({
      broker,
      clock,
      random,
      logger: quiet,
      flushMs: 20,
      heartbeatMs: 15_000,
      maxAgeMs: 300_000,
      queueBytes: 65_536,
      maxStreams: 1_000,
      maxStreamsPerUser: 1_000,
      maxStreamsPerAddress: 1_000,
      catalog: CATALOG,
      watchLog: () => () => {
        watched += 1;
        return Promise.resolve(() => {
          watched -= 1;
          return Promise.resolve();
        });
      },
    });
    const idle = clock.pending;
    const open = new Map<Subscriber, Reader>();
    let opened = 0;
    const portfolios = Array.from(
      { length: 20 },
      (_, index) => `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    );

    async function join(lastEventId: string | null): Promise<void> {
      opened += 1;
      const portfolio = portfolios[Math.floor(random() * portfolios.length)];
      const reader = new Reader();
      const subscriber = await hub.open({
        id: String(opened),
        owner: { userId: `user-${opened % 7}`, sessionId: null, expiresAt: null },
        channels: channelsOf(`ticker:*,pnl:${portfolio},fills:${portfolio}`),
        lastEventId,
        replay: 'full',
        wire: sseWire,
        sink: reader,
        onOpen: () => undefined,
      });
      if (!subscriber.isEnded) open.set(subscriber, reader);
    }

    let tick = 0;
    async function second(): Promise<void> {
      const payloads = Array.from({ length: 5 }, () => {
        tick += 1;
        const symbol = `S${tick % 50}/KRW`;
        const ticker = {
          symbol,
          price: String(tick),
          change: null,
          changeRate: null,
          high: '1',
          low: '1',
          volume: '1',
          quoteVolume: '1',
          time: '',
          exchange: null,
          simulated: true,
        };
        return { key: `ticker:${symbol}`, data: JSON.stringify({ type: 'tick', ticker, trade: null }) };
      });
      await broker.publish(MARKET_LOG, payloads);
      const portfolio = portfolios[tick % portfolios.length];
      await broker.publish(`portfolio:${portfolio}`, [
        { key: 'pnl', data: JSON.stringify({ type: 'pnl', body: { tick } }) },
      ]);
      for (const [subscriber, reader] of open) {
        // Ended by its age, or the client leaves: either comes back with its id, or for good.
        if (!subscriber.isEnded && random() > 0.02) continue;
        subscriber.closed();
        open.delete(subscriber);
        if (random() < 0.7) await join(reader.lastId);
      }
      while (open.size < 60) await join(null);
      await clock.advance(1_000);
    }

    for (let at = 0; at < 600; at += 1) await second();
    const early = heapUsed();
    for (let at = 600; at < 3_600; at += 1) await second();
    const late = heapUsed();
    assert.ok(opened > 2_000, `only ${opened} streams`);
    assert.ok(late - early < 8 * 2 ** 20, `the heap grew by ${Math.round((late - early) / 1024)} KiB`);

    for (const subscriber of open.keys()) subscriber.closed();
    await clock.advance(100);
    assert.equal(hub.streams().length, 0);
    assert.equal(watched, 0, 'a portfolio is watched that nobody reads');
    assert.equal(clock.pending, idle, 'a timer is left');
    await hub.close();
    await broker.close();
    assert.equal(clock.pending, 0);
  });
});
