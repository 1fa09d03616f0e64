import assert from 'node:assert/strict';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { MemoryLeases } from '../../../streams/memory/memory-leases.ts';
import { ProjectionCanary } from '../../../streams/fleet/projection-canary.ts';
import { LaggingBroker } from '../../support/lagging-broker.ts';
import { watchedLogger } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the projection canary', () => {
  let clock: VirtualClock;
  let broker: LaggingBroker;
  let lines: string[];
  let canary: ProjectionCanary;

  beforeEach(() => {
    clock = new VirtualClock();
    broker = new LaggingBroker(new MemoryBroker({ clock, random: () => 0.5 }));
    lines = [];
    const leases = new MemoryLeases({ clock });
    const logger = watchedLogger((line) => lines.push(line));
    canary = new ProjectionCanary({ broker, leases, clock, logger, node: 'node' });
  });
  afterEach(async () => {
    await canary.close();
    await broker.close();
    assert.equal(clock.pending, 0);
    assert.deepEqual(lines, []);
  });

  // Of Redis, the state of a log may be read before pub/sub has told this process of what is in it: a reader gets that
  // as an event a moment later.
  it('succeeds when the first figures come as an event, not as the state', async () => {
    broker.isHolding = true;
    canary.start();
    await clock.advance(100);
    assert.deepEqual(canary.health(), {
      ready: false,
      roundTripMs: null,
      detail: 'no projection has been tried yet',
    });
    broker.release();
    await clock.advance(100);
    assert.deepEqual(canary.health(), { ready: true, roundTripMs: 100, detail: null });
  });

  it('fails when the figures do not come at all', async () => {
    broker.isHolding = true;
    canary.start();
    await clock.advance(5_000);
    assert.deepEqual(canary.health(), {
      ready: false,
      roundTripMs: null,
      detail: 'delivery of first figures took longer than 5000 ms',
    });
  });
});
