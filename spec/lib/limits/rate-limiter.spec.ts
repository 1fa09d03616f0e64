import assert from 'node:assert/strict';
import { LimitTally } from '../../../lib/limits/limit-tally.ts';
import { MAX_KEYS } from '../../../lib/limits/rate-limiter.ts';
import { assertBoundedMemory } from '../../support/limits-memory.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the memory of the limits', () => {
  it('stays below 64 MiB over ten times as many addresses as are kept, every limit full', async function () {
    this.timeout(120_000);
    // A million are for spec/faults.
    await assertBoundedMemory(10 * MAX_KEYS);
  });
});

describe('the heaviest clients', () => {
  it('are found among however many, with no more places than there are', () => {
    const tally = new LimitTally({ clock: new VirtualClock(), places: 10 });
    for (let i = 0; i < 5_000; i += 1) {
      tally.count(`passer-by ${i}`, false);
      if (i % 5 === 0) tally.count('heavy', i > 2_500);
      if (i % 7 === 0) tally.count('less heavy', false);
    }
    const found = tally.consumers(100);
    assert.ok(found.length <= 10);
    assert.deepEqual(
      found.slice(0, 2).map(({ key }) => key),
      ['heavy', 'less heavy'],
    );
    const [heavy] = found;
    // Never more than it was.
    assert.ok(
      heavy !== undefined && heavy.requests <= 1_000 && heavy.requests > 900,
      String(heavy?.requests),
    );
    assert.ok(heavy.limited > 0 && heavy.limited <= 500);
    assert.deepEqual([tally.allowed + tally.limited], [5_000 + 1_000 + 715]);
  });

  it('are those of the last five to ten minutes', async () => {
    const clock = new VirtualClock();
    const tally = new LimitTally({ clock, places: 10 });
    tally.count('early', false);
    await clock.advance(299_999);
    tally.count('late', true);
    await clock.advance(1);
    assert.deepEqual(
      tally.consumers(10).map(({ key }) => key),
      ['late', 'early'],
    );
    tally.count('late', false);
    assert.deepEqual(tally.consumers(1), [{ key: 'late', requests: 2, limited: 1 }]);
    await clock.advance(300_000);
    assert.deepEqual(tally.consumers(10), [{ key: 'late', requests: 1, limited: 0 }]);
    await clock.advance(600_000);
    assert.deepEqual([tally.consumers(10), tally.allowed, tally.limited], [[], 2, 1]);
  });
});
