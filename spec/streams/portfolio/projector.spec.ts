import assert from 'node:assert/strict';
import { DeadlineError } from '../../../lib/async/deadline.ts';
import { Market } from '../../../streams/market/market.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { Projector } from '../../../streams/portfolio/projector.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { plainValuation } from '../../support/streams/plain-valuation.ts';
import { ShakyBackend } from '../../support/streams/shaky-backend.ts';

/** What a reader of the log finds there. */
const positionOf = (data: string): string => JSON.parse(data).body.position;

describe('the projector', () => {
  let clock: VirtualClock;
  let memory: MemoryBroker;
  let backend: ShakyBackend;
  let projector: Projector;
  let version: number;
  /** Answers of the check that hang. */
  let doVersionsHang: boolean;

  beforeEach(async () => {
    clock = new VirtualClock();
    const bounds = { events: 1_000, bytes: 1e6, ageMs: 1e9 };
    memory = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    backend = new ShakyBackend(memory, new MemoryLeases({ clock }));
    version = 1;
    doVersionsHang = false;
    const market = new Market({
      broker: memory,
      clock,
      random: () => 0.5,
      log: quiet,
      lastCloses: async () => [],
    });
    projector = new Projector({
      broker: backend.broker,
      leases: backend.leases,
      market,
      clock,
      logger: quiet,
      intervalMs: 250,
      holdingsIntervalMs: 1_000,
      value: () => backend.does('value', async () => plainValuation('p1', version)),
      versions: (ids) =>
        doVersionsHang
          ? new Promise(() => undefined)
          : Promise.resolve(new Map(ids.map((id) => [id, version]))),
    });
  });

  async function newest(): Promise<string | undefined> {
    const { entries } = await memory.state('portfolio:p1');
    return entries.filter(({ key }) => key === 'pnl').map(({ data }) => positionOf(data))[0];
  }

  it('keeps nothing of a watch that failed: the next one begins anew', async () => {
    backend.moods.set('lease', 'hang');
    const failed = assert.rejects(projector.watch('p1'), DeadlineError);
    await clock.advance(10_000);
    await failed;
    assert.equal(projector.size, 0);
    backend.moods.clear();
    const watching = projector.watch('p1');
    await clock.advance(0);
    const unwatch = await watching;
    assert.equal(await newest(), '1');
    backend.thaw();
    await clock.advance(0);
    assert.deepEqual([backend.subscriptions, backend.held], [1, 1]);
    await unwatch();
    assert.deepEqual([projector.size, backend.subscriptions, backend.held], [0, 0, 0]);
    await projector.close();
  });

  it('finds what was not announced, also after a check that hung', async () => {
    const unwatch = await projector.watch('p1');
    version = 2;
    await clock.advance(2_250);
    assert.equal(await newest(), '2');
    doVersionsHang = true;
    await clock.advance(2_000);
    version = 3;
    doVersionsHang = false;
    await clock.advance(15_000);
    assert.equal(await newest(), '3');
    await unwatch();
    await projector.close();
  });

  it('says which projections owe something, and where they are held up', async () => {
    const unwatch = await projector.watch('p1');
    assert.deepEqual(projector.stalled(0), []);
    backend.moods.set('value', 'hang');
    version = 2;
    await clock.advance(20_000);
    const [stalled, ...others] = projector.stalled(15_000);
    assert.deepEqual(others, []);
    assert.deepEqual([stalled?.portfolioId, stalled?.step], ['p1', 'value']);
    assert.deepEqual(projector.stalled(60_000), []);
    backend.thaw();
    await clock.advance(12_000);
    assert.deepEqual(projector.stalled(0), []);
    await unwatch();
    await projector.close();
  });

  it('is closed within seconds, whatever hangs, and watches nothing after that', async () => {
    await projector.watch('p1');
    for (const each of ['lease', 'value', 'publish', 'subscribe', 'unsubscribe', 'release'] as const)
      backend.moods.set(each, 'hang');
    doVersionsHang = true;
    const refused = assert.rejects(projector.watch('p2'), /closed/);
    await clock.advance(2_000);
    let isClosed = false;
    void projector.close().then(() => (isClosed = true));
    await clock.advance(2_000);
    assert.ok(isClosed);
    await refused;
    await assert.rejects(projector.watch('p1'), /closed/);
    assert.equal(clock.pending, 0);
  });
});
