import assert from 'node:assert/strict';
import type { Counters, Usage, Window } from '../../../lib/limits/counters.ts';
import { InsuredCounters } from '../../../lib/limits/insured-counters.ts';
import { MemoryCounters } from '../../../lib/limits/memory-counters.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const WINDOW: Window = { name: 'tries', seconds: 600 };

/** Shared counters of a server that can be taken away. */
class Away extends MemoryCounters {
  state: 'up' | 'down' | 'frozen' = 'up';
  asked = 0;
  thaw: (() => void)[] = [];

  override async take(window: Window, key: string): Promise<Usage> {
    this.asked += 1;
    if (this.state === 'down') throw new Error('away');
    if (this.state === 'frozen') {
      await new Promise<void>((resolve) => this.thaw.push(resolve));
      throw new Error('timed out');
    }
    return super.take(window, key);
  }
}

describe('insured counters', () => {
  let clock: VirtualClock;
  let shared: Away;
  let counters: InsuredCounters;
  beforeEach(() => {
    clock = new VirtualClock();
    shared = new Away({ clock, maxKeys: 100 });
    const local: Counters = new MemoryCounters({ clock, maxKeys: 100 });
    counters = new InsuredCounters({ shared, local, clock, logger: quiet });
  });
  const used = async (): Promise<number> => (await counters.take(WINDOW, 'a')).used;

  it('go by what is shared', async () => {
    // Another node has been at it.
    for (let i = 0; i < 5; i += 1) await shared.take(WINDOW, 'a');
    assert.deepEqual([await used(), counters.isShared], [6, true]);
  });

  it('go on from what this node has seen when the shared ones are away', async () => {
    for (let i = 0; i < 3; i += 1) await used();
    shared.state = 'down';
    assert.deepEqual([await used(), await used(), counters.isShared], [4, 5, false]);
  });

  it('leave the shared ones alone for a second, and then one request tries', async () => {
    shared.state = 'down';
    await used();
    assert.equal(shared.asked, 1);
    for (let i = 0; i < 10; i += 1) await used();
    assert.equal(shared.asked, 1);
    await clock.advance(1_000);
    await Promise.all(Array.from({ length: 10 }, used));
    assert.equal(shared.asked, 2);
    shared.state = 'up';
    await clock.advance(1_000);
    assert.equal(await used(), 1, 'shared again');
    assert.equal(counters.isShared, true);
    await Promise.all(Array.from({ length: 10 }, used));
    assert.equal(shared.asked, 13);
  });

  it('hold up the request that tries a frozen server, and no other', async () => {
    shared.state = 'down';
    await used();
    shared.state = 'frozen';
    await clock.advance(1_000);
    const trying = used();
    assert.equal(await used(), 3, 'the other goes on');
    for (const thaw of shared.thaw) thaw();
    assert.equal(await trying, 2);
  });

  it('take back on both sides', async () => {
    await used();
    await used();
    await counters.giveBack(WINDOW, 'a');
    shared.state = 'down';
    assert.equal(await used(), 2);
    await counters.forget(WINDOW, 'a');
    assert.equal(await used(), 1);
  });
});
