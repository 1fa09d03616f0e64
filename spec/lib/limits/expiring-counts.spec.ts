import assert from 'node:assert/strict';
import { ExpiringCounts } from '../../../lib/limits/expiring-counts.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('ExpiringCounts', () => {
  const clock = new VirtualClock();
  const open = (maxKeys = 100): ExpiringCounts<{ used: number }> =>
    new ExpiringCounts({ clock, windowMs: 60_000, maxKeys });

  it('has a count until its window ends, and gives the very object', async () => {
    const counts = open();
    counts.set('a', { used: 1 });
    const found = counts.get('a');
    assert.ok(found !== undefined && counts.has('a'));
    found.used += 1;
    await clock.advance(59_999);
    assert.equal(counts.get('a')?.used, 2);
    await clock.advance(1);
    assert.deepEqual([counts.get('a'), counts.has('a')], [undefined, false]);
  });

  it('keeps so many keys and no more: the oldest are forgotten first, and not soon', () => {
    const counts = open();
    counts.set('early', { used: 1 });
    for (let i = 0; i < 60; i += 1) counts.set(`key ${i}`, { used: 1 });
    assert.ok(counts.has('early'), 'half as many others are not enough');
    counts.set('late', { used: 1 });
    for (let i = 60; i < 10_000; i += 1) {
      counts.set(`key ${i}`, { used: 1 });
      assert.ok(counts.size <= 100);
      if (i === 110) assert.ok(counts.has('late'));
    }
    assert.deepEqual([counts.has('early'), counts.has('late')], [false, false]);
  });

  it('drops what has ended, and nothing that has not', async () => {
    const counts = open();
    for (let i = 0; i < 50; i += 1) counts.set(`key ${i}`, { used: 1 });
    await clock.advance(59_000);
    counts.set('late', { used: 1 });
    // Begun anew: it ends last, wherever it was before.
    await clock.advance(1_000);
    counts.set('key 0', { used: 1 });
    assert.deepEqual([...counts.keys()], ['late', 'key 0']);
    await clock.advance(60_000);
    counts.set('new', { used: 1 });
    assert.deepEqual([...counts.keys()], ['new']);
  });
});
