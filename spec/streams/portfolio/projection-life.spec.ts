import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { DeadlineError } from '../../../lib/async/deadline.ts';
import type { Lease } from '../../../streams/core/lease.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { Projection } from '../../../streams/portfolio/projection.ts';
import { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { quiet, watchedLogger } from '../../support/log-watch.ts';
import { runs } from '../../support/runs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type Mood, type Operation, ShakyBackend } from '../../support/streams/shaky-backend.ts';

const LOG = 'portfolio:p1';
const LEASE = 'projector:p1';
const STEPS = ['subscribe', 'lease', 'value', 'publish'] as const;

/** A portfolio whose figures are a ledger version and a price, and what its projection has published of them. */
class Stage {
  readonly clock = new VirtualClock();
  readonly memory: MemoryBroker;
  readonly memoryLeases = new MemoryLeases({ clock: this.clock });
  readonly backend: ShakyBackend;
  readonly projection: Projection;
  readonly lines: string[] = [];
  version = 1;
  price = 100;
  isThere = true;
  readonly #symbols = new Set(['BTC/KRW']);

  constructor() {
    const bounds = { events: 10_000, bytes: 1e7, ageMs: 1e9 };
    this.memory = new MemoryBroker({ clock: this.clock, random: () => 0.5, bounds: () => bounds });
    this.backend = new ShakyBackend(this.memory, this.memoryLeases);
    this.projection = this.make();
  }

  make(): Projection {
    const { backend, clock } = this;
    return new Projection({
      portfolioId: 'p1',
      log: LOG,
      leaseName: LEASE,
      broker: backend.broker,
      leases: backend.leases,
      clock,
      logger: quiet,
      failures: new RepeatedLog(
        watchedLogger((line) => this.lines.push(line)),
        clock,
      ),
      intervalMs: 250,
      holdingsIntervalMs: 1_000,
      value: () => backend.does('value', async () => (this.isThere ? this.#valuation() : null)),
      follow: () => undefined,
    });
  }

  #valuation() {
    const { version } = this;
    return {
      version,
      validUntil: Number.POSITIVE_INFINITY,
      symbols: () => this.#symbols,
      mark: () => {
        const position = `${version}@e.${this.price}`;
        const pnl = { portfolioId: 'p1', asOf: '', position, equity: null, netContributions: null };
        return { pnl, holdings: () => [{ price: this.price }] };
      },
    };
  }

  tick(price: number): void {
    this.price = price;
    this.projection.marketMoved();
  }

  book(): void {
    this.version += 1;
    this.projection.ledgerMoved();
  }

  async published(type: 'pnl' | 'holdings' = 'pnl'): Promise<string[]> {
    const page = await this.memory.history(LOG, { ...(await this.memory.head(LOG)), offset: 0 }, 10_000);
    assert.ok('events' in page);
    const records = page.events.map(({ data }) => JSON.parse(data));
    return records.filter((record) => record.type === type).map(({ body }) => body.position);
  }

  /** Moves the clock on until the promise is settled. @returns how long that took */
  async settles(promise: Promise<unknown>, atMostMs: number): Promise<number> {
    const state = { isSettled: false };
    const settle = (): boolean => (state.isSettled = true);
    promise.then(settle, settle);
    const start = this.clock.monotonic();
    await this.clock.advance(0);
    while (!state.isSettled) {
      assert.ok(this.clock.monotonic() - start < atMostMs, `not settled after ${atMostMs} ms`);
      await this.clock.advance(50);
    }
    return this.clock.monotonic() - start;
  }
}

describe('the life of a projection', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
  });

  /** Ends it, and looks whether anything is left behind. */
  async function close(projection = stage.projection): Promise<void> {
    await stage.settles(projection.close(), 3_000);
    stage.backend.thaw();
    await stage.clock.advance(0);
    assert.equal(stage.backend.subscriptions, 0, 'a subscription is left');
    assert.equal(stage.backend.held, 0, 'a lease is left');
    assert.equal(stage.clock.pending, 0, 'a timer is left');
  }

  it('subscribes, takes the lease, values and publishes before its reader begins', async () => {
    stage.projection.start();
    await stage.settles(stage.projection.ready('totals'), 0);
    assert.deepEqual(await stage.published(), ['1@e.100']);
    stage.tick(101);
    await stage.clock.advance(250);
    assert.deepEqual(await stage.published(), ['1@e.100', '1@e.101']);
    await close();
  });

  it('goes on after its first subscription failed', async () => {
    stage.backend.moods.set('subscribe', 'fail');
    stage.projection.start();
    const ready = stage.projection.ready('totals');
    await stage.clock.advance(100);
    stage.backend.thaw();
    await stage.settles(ready, 1_000);
    stage.tick(101);
    await stage.clock.advance(250);
    assert.deepEqual(await stage.published(), ['1@e.100', '1@e.101']);
    await close();
  });

  it('logs once a minute that it fails, with how often it has', async () => {
    stage.backend.moods.set('value', 'fail');
    stage.projection.start();
    await stage.clock.advance(125_000);
    const lines = stage.lines.map((line): { msg: string; repeated?: number } => JSON.parse(line));
    assert.equal(lines.length, 3);
    assert.ok(lines.slice(1).every(({ repeated = 0 }) => repeated > 50 && repeated < 61));
    stage.backend.thaw();
    await stage.settles(stage.projection.ready('totals'), 1_100);
    await close();
  });

  it('makes one attempt at a time, whoever asks for more meanwhile', async () => {
    stage.backend.moods.set('subscribe', 'hang');
    stage.projection.start();
    for (let n = 0; n < 3; n += 1) {
      stage.projection.start();
      stage.book();
      stage.projection.compare(stage.version);
      await stage.clock.advance(1_000);
    }
    assert.equal(stage.backend.calls.get('subscribe'), 1);
    stage.backend.thaw();
    await stage.clock.advance(1_000);
    assert.equal(stage.backend.subscriptions, 1);
    assert.equal((await stage.published()).at(-1), '4@e.100');
    await close();
  });

  for (const step of STEPS) {
    for (const mood of ['hang', 'fail'] as const) {
      it(`gets over ${step} that ${mood}s, at the start and later`, async () => {
        const { backend, projection, clock } = stage;
        backend.moods.set(step, mood);
        projection.start();
        await clock.advance(20_000);
        assert.ok((backend.calls.get(step) ?? 0) > 1, 'it was not tried again');
        backend.thaw();
        await clock.advance(12_000);
        stage.tick(101);
        await clock.advance(1_000);
        assert.equal((await stage.published()).at(-1), '1@e.101');
        assert.deepEqual([backend.subscriptions, backend.held], [1, 1]);

        backend.moods.set(step, mood);
        stage.book();
        await clock.advance(20_000);
        backend.thaw();
        await clock.advance(12_000);
        assert.equal((await stage.published()).at(-1), '2@e.101');
        assert.deepEqual([backend.subscriptions, backend.held], [1, 1]);
        await close();
      });
    }

    it(`is closed within seconds while ${step} hangs`, async () => {
      stage.backend.moods.set(step, 'hang');
      stage.projection.start();
      const ready = stage.projection.ready('totals');
      await stage.clock.advance(100);
      const refused = assert.rejects(ready, /closed/);
      await close();
      await refused;
    });
  }

  it('is closed within seconds while what it gives back hangs', async () => {
    stage.projection.start();
    await stage.clock.advance(0);
    stage.backend.moods.set('unsubscribe', 'hang').set('release', 'hang');
    await close();
  });

  it('lets a reader go whose figures do not come, with the reason', async () => {
    stage.backend.moods.set('value', 'hang');
    stage.projection.start();
    const ready = stage.projection.ready('totals');
    const refused = assert.rejects(ready, (error) => error instanceof DeadlineError);
    assert.ok((await stage.settles(ready, 10_000)) > 5_000);
    await refused;
    assert.ok(stage.projection.overdueMs >= 10_000);
    assert.equal(stage.projection.step, 'value');
    await close();
    assert.deepEqual(await stage.published(), []);
  });

  it('owes nothing while the market stands still, and says for how long it owes something', async () => {
    stage.projection.start();
    await stage.clock.advance(60_000);
    assert.equal(stage.projection.overdueMs, 0);
    stage.backend.moods.set('publish', 'fail');
    stage.tick(101);
    await stage.clock.advance(30_000);
    assert.equal(Math.round(stage.projection.overdueMs), 30_000);
    stage.backend.thaw();
    await stage.clock.advance(1_000);
    assert.equal(stage.projection.overdueMs, 0);
    await close();
  });

  it('of no portfolio makes no reader wait, and does not ask again and again', async () => {
    stage.isThere = false;
    stage.projection.start();
    await stage.settles(stage.projection.ready('totals'), 0);
    await stage.clock.advance(10_000);
    assert.equal(stage.backend.calls.get('value'), 1);
    assert.equal(stage.projection.overdueMs, 0);
    await close();
  });

  describe('beside another node', () => {
    let other: Lease | null;
    beforeEach(async () => {
      other = await stage.memoryLeases.acquire(LEASE);
      assert.ok(other);
    });

    it('stands by, and takes over when the lease is free', async () => {
      stage.projection.start();
      await stage.settles(stage.projection.ready('totals'), 0);
      await stage.clock.advance(5_000);
      assert.deepEqual(await stage.published(), []);
      assert.equal(stage.projection.overdueMs, 0);
      stage.book();
      await other?.release();
      await stage.clock.advance(1_000);
      assert.deepEqual(await stage.published(), ['2@e.100']);
      await close();
    });

    it('gives the lease back when it cannot value the portfolio: the other node may be able to', async () => {
      await other?.release();
      stage.backend.moods.set('value', 'hang');
      stage.projection.start();
      await stage.clock.advance(10_050);
      other = await stage.memoryLeases.acquire(LEASE);
      assert.ok(other);
      stage.backend.thaw();
      await stage.clock.advance(5_000);
      assert.deepEqual(await stage.published(), []);
      await close();
    });
  });

  describe('with watched holdings', () => {
    it('publishes them before their reader begins, and no reader waits for the interval to be over', async () => {
      stage.projection.start();
      await stage.settles(stage.projection.ready('totals'), 0);
      assert.deepEqual(await stage.published('holdings'), []);
      const stops = [stage.projection.wantHoldings()];
      await stage.settles(stage.projection.ready('holdings'), 0);
      assert.deepEqual(await stage.published('holdings'), ['1@e.100']);
      stops.push(stage.projection.wantHoldings());
      await stage.settles(stage.projection.ready('holdings'), 0);
      stage.tick(101);
      await stage.clock.advance(1_000);
      assert.equal((await stage.published('holdings')).at(-1), '1@e.101');
      for (const stop of stops) stop();
      stage.tick(102);
      await stage.clock.advance(5_000);
      assert.equal((await stage.published('holdings')).at(-1), '1@e.101');
      await close();
    });

    it('publishes the totals at their own interval', async () => {
      stage.projection.start();
      const stop = stage.projection.wantHoldings();
      await stage.clock.advance(0);
      for (const price of [101, 102, 103]) {
        stage.tick(price);
        await stage.clock.advance(250);
      }
      assert.equal((await stage.published()).at(-1), '1@e.103');
      stop();
      await close();
    });
  });

  const mood = fc.constantFrom<Mood>('well', 'well', 'fail', 'hang');
  const trouble = fc.record({
    operation: fc.constantFrom<Operation>(...STEPS, 'release', 'unsubscribe'),
    mood,
    act: fc.constantFrom('tick', 'book', 'start', 'compare', 'watch', 'thaw', 'none'),
    ms: fc.integer({ min: 0, max: 12_000 }),
  });

  it('is alive after whatever trouble, shows the newest, never goes back, and leaves nothing behind', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(fc.array(trouble, { minLength: 1, maxLength: 15 }), async (troubles) => {
        stage = new Stage();
        const { projection, backend, clock } = stage;
        const readers: Promise<unknown>[] = [];
        const stops: (() => void)[] = [];
        projection.start();
        for (const each of troubles) {
          backend.moods.set(each.operation, each.mood);
          if (each.act === 'tick') stage.tick(stage.price + 1);
          if (each.act === 'book') stage.book();
          if (each.act === 'start') projection.start();
          if (each.act === 'compare') projection.compare(stage.version);
          if (each.act === 'thaw') backend.thaw();
          if (each.act === 'watch') {
            stops.push(projection.wantHoldings());
            readers.push(projection.ready('holdings').catch(() => undefined));
          }
          await clock.advance(each.ms);
        }
        backend.thaw();
        await clock.advance(12_000);
        stage.tick(stage.price + 1);
        await clock.advance(2_000);
        const told = await stage.published();
        assert.equal(told.at(-1), `${stage.version}@e.${stage.price}`);
        const versions = told.map((position) => Number(position.split('@')[0]));
        assert.deepEqual(
          versions,
          versions.toSorted((a, b) => a - b),
        );
        assert.deepEqual([backend.subscriptions, backend.held], [1, 1]);
        await Promise.all(readers);
        for (const stop of stops) stop();
        await close();
      }),
      { numRuns: runs(100) },
    );
  });
});
