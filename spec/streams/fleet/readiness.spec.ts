import assert from 'node:assert/strict';
import { CATALOG } from '../../../streams/channels/catalog.ts';
import { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import type { Sink } from '../../../streams/core/sink.ts';
import { sseWire } from '../../../streams/transports/wires.ts';
import { channelsOf } from '../../support/channels.ts';
import { watchedLogs } from '../../../streams/portfolio/watched-logs.ts';
import { Readiness } from '../../../streams/fleet/readiness.ts';
import { Market } from '../../../streams/market/market.ts';
import { Projector } from '../../../streams/portfolio/projector.ts';
import { watchedLogger } from '../../support/log-watch.ts';
import { plainValuation } from '../../support/streams/plain-valuation.ts';
import { ShakyBackend } from '../../support/streams/shaky-backend.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SINK: Sink = {
  pendingBytes: 0,
  write: () => true,
  onDrain: () => undefined,
  end: () => undefined,
};

const portfolio = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;

describe('the readiness of a node', () => {
  let clock: VirtualClock;
  let backend: ShakyBackend;
  let projector: Projector;
  let hub: Hub;
  let readiness: Readiness;
  let fault: string | null;
  let lines: string[];
  let version: number;

  beforeEach(() => {
    clock = new VirtualClock();
    lines = [];
    version = 1;
    const logger = watchedLogger((line) => lines.push(line));
    const random = (): number => 0.5;
    const bounds = { events: 1_000, bytes: 1e6, ageMs: 1e9 };
    const memory = new MemoryBroker({ clock, random, bounds: () => bounds });
    backend = new ShakyBackend(memory, new MemoryLeases({ clock }));
    const { broker, leases } = backend;
    projector = new Projector({
      broker,
      leases,
      market: new Market({ broker: memory, clock, random, log: logger, lastCloses: async () => [] }),
      clock,
      logger,
      intervalMs: 250,
      holdingsIntervalMs: 250,
      value: (id) => backend.does('value', async () => plainValuation(id, version)),
      versions: async (ids) => new Map(ids.map((id) => [id, version])),
    });
    hub = new Hub({
      broker,
      clock,
      random,
      logger,
      flushMs: 20,
      heartbeatMs: 15_000,
      maxAgeMs: 3_600_000,
      queueBytes: 50_000,
      maxStreams: 100,
      maxStreamsPerUser: 100,
      maxStreamsPerAddress: 100,
      catalog: CATALOG,
      ...watchedLogs((id, what) => projector.watch(id, what)),
    });
    fault = null;
    readiness = new Readiness({
      broker,
      leases,
      hub,
      projector,
      clock,
      logger,
      node: 'n1',
      faults: { broker: () => fault, database: () => null },
    });
  });

  async function close(): Promise<void> {
    backend.thaw();
    const closing = Promise.all([readiness.close(), hub.close(), projector.close()]);
    await clock.advance(20_000);
    await closing;
    assert.deepEqual([backend.subscriptions, backend.held, clock.pending], [0, 0, 0]);
  }

  function open(n: number): void {
    void hub.open({
      id: `s${n}`,
      owner: { userId: null, sessionId: null, expiresAt: null },
      channels: channelsOf(`pnl:${portfolio(n)}`),
      lastEventId: null,
      replay: 'full',
      wire: sseWire,
      sink: SINK,
      onOpen: () => undefined,
    });
  }

  const states = (): boolean[] => {
    const { broker, projection, streams } = readiness.health();
    return [broker.ready, projection.ready, streams.ready];
  };

  it('is not given while another fleet uses its place in Redis, whatever the canary says', async () => {
    readiness.start();
    await clock.advance(1_000);
    assert.equal(readiness.health().broker.ready, true);
    fault = 'another fleet is there';
    const { ready, detail } = readiness.health().broker;
    assert.deepEqual([ready, detail], [false, fault]);
    await close();
  });

  it('is given once an event and the figures of a projection have come back, and stays', async () => {
    assert.deepEqual(states(), [false, false, true]);
    readiness.start();
    await clock.advance(0);
    assert.deepEqual(readiness.health(), {
      broker: { ready: true, detail: null, roundTripMs: 0 },
      projection: { ready: true, detail: null, roundTripMs: 0 },
      streams: { ready: true, detail: null },
    });
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      assert.deepEqual(states(), [true, true, true]);
    }
    // One projection after the other: nothing piles up.
    assert.equal(backend.subscriptions, 1);
    assert.equal(backend.held, 0);
    await close();
  });

  for (const step of ['subscribe', 'lease', 'publish'] as const) {
    for (const mood of ['hang', 'fail'] as const) {
      it(`is lost within seconds while ${step} of a projection ${mood}s, and given again`, async () => {
        readiness.start();
        await clock.advance(10_000);
        backend.moods.set(step, mood);
        await clock.advance(15_000);
        const { broker, projection } = readiness.health();
        assert.equal(projection.ready, false);
        assert.ok(projection.detail);
        // The canary of the broker has its subscription, and needs no lease: it alone would tell nothing.
        assert.equal(broker.ready, step !== 'publish');
        backend.thaw();
        await clock.advance(15_000);
        assert.deepEqual(states(), [true, true, true]);
        await close();
      });

      it(`ends within seconds while ${step} ${mood}s`, async () => {
        backend.moods.set(step, mood);
        readiness.start();
        await clock.advance(1_000);
        let isClosed = false;
        void readiness.close().then(() => (isClosed = true));
        await clock.advance(2_500);
        assert.ok(isClosed);
        await close();
      });
    }
  }

  it('says which portfolios are not published, and is lost when they are most of those watched', async () => {
    readiness.start();
    for (let n = 0; n < 4; n += 1) open(n);
    await clock.advance(1_000);
    assert.equal(projector.size, 4);
    backend.moods.set('value', 'hang');
    version = 2;
    await clock.advance(30_000);
    // Its own projection needs no database: only the watchdog can tell.
    assert.deepEqual(states(), [true, true, false]);
    assert.equal(readiness.health().streams.detail, '4 of 4 watched portfolios are not published');
    assert.equal(readiness.watchdog.stalledProjections, 4);
    const warnings = lines.filter((line) => line.includes('portfolios are not published'));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /"step":"value"/);
    backend.thaw();
    await clock.advance(30_000);
    assert.deepEqual(readiness.health().streams, { ready: true, detail: null });
    await close();
  });
});
