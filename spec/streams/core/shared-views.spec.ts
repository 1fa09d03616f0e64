import assert from 'node:assert/strict';
import { CATALOG } from '../../../streams/channels/catalog.ts';
import { DeadlineError } from '../../../lib/async/deadline.ts';
import { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { SharedViews } from '../../../streams/core/shared-views.ts';
import { watchedLogger } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { ShakyBackend } from '../../support/streams/shaky-backend.ts';

const LOG = 'portfolio:p1';

describe('the logs that streams share', () => {
  let clock: VirtualClock;
  let backend: ShakyBackend;
  let watchers: number;
  let views: SharedViews;
  let lines: string[];
  beforeEach(() => {
    clock = new VirtualClock();
    const bounds = { events: 100, bytes: 1e6, ageMs: 1e9 };
    const broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    backend = new ShakyBackend(broker, new MemoryLeases({ clock }));
    watchers = 0;
    lines = [];
    const logger = watchedLogger((line) => lines.push(line));
    views = new SharedViews({
      broker: backend.broker,
      clock,
      logger,
      repeated: new RepeatedLog(logger, clock),
      catalog: CATALOG,
      random: () => 0.5,
      watchLog: () => () =>
        backend.does('value', async () => {
          watchers += 1;
          return async () => void (watchers -= 1);
        }),
    });
  });

  it('do not hold up a reader for ever while they cannot be opened, and serve the next one', async () => {
    backend.moods.set('subscribe', 'hang');
    const first = views.acquire(LOG);
    const refused = assert.rejects(first.opening, DeadlineError);
    await clock.advance(15_000);
    await refused;
    views.release(first);
    backend.moods.clear();
    const second = views.acquire(LOG);
    await clock.advance(0);
    assert.equal((await second.opening).log, LOG);
    backend.thaw();
    await clock.advance(0);
    assert.deepEqual([watchers, backend.subscriptions], [1, 1], 'what came too late is given back');
    views.release(second);
    await clock.advance(0);
    await views.idle();
    assert.deepEqual([watchers, backend.subscriptions], [0, 0]);
    assert.equal(clock.pending, 0);
  });

  it('are shown as stale while their watch hangs, until a later one works', async () => {
    backend.moods.set('value', 'hang');
    const shared = views.acquire(LOG);
    await clock.advance(15_000);
    const view = await shared.opening;
    assert.ok(view.isStale && view.isDelayed);
    backend.moods.clear();
    await clock.advance(2_000);
    assert.deepEqual([view.isStale, view.isDelayed, watchers], [false, false, 1]);
    backend.thaw();
    await clock.advance(0);
    assert.equal(watchers, 1, 'what came too late is given back');
    views.release(shared);
    await clock.advance(0);
    await views.idle();
    assert.deepEqual([watchers, backend.subscriptions, clock.pending], [0, 0, 0]);
  });

  it('are idle within seconds after the last reader has gone, whatever hangs', async () => {
    const shared = views.acquire(LOG);
    await clock.advance(0);
    backend.moods.set('unsubscribe', 'hang');
    views.release(shared);
    let isIdle = false;
    void views.idle().then(() => (isIdle = true));
    await clock.advance(5_000);
    assert.ok(isIdle);
  });

  it('that cannot be closed in an outage are told once a minute, with their count', async () => {
    backend.moods.set('unsubscribe', 'hang');
    const close = async (log: string): Promise<void> => {
      const shared = views.acquire(log);
      await clock.advance(0);
      views.release(shared);
    };
    for (let n = 0; n < 50; n += 1) await close(`portfolio:p${n}`);
    await clock.advance(5_000);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ['closing a log view failed'],
    );
    await clock.advance(60_000);
    await close(LOG);
    await clock.advance(5_000);
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[1] ?? '').repeated, 49);
  });
});
