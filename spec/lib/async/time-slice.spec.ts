import assert from 'node:assert/strict';
import { SLICE_MS, TimeSlice } from '../../../lib/async/time-slice.ts';
import { turnsOf } from '../../support/turns.ts';

describe('TimeSlice', () => {
  it('is over after its time, and begins anew after a turn of the event loop', async () => {
    let now = 100;
    const slice = new TimeSlice(() => now);
    assert.equal(slice.isOver, false);
    now += SLICE_MS - 1;
    assert.equal(slice.isOver, false);
    now += 1;
    assert.equal(slice.isOver, true);
    await slice.next();
    assert.equal(slice.isOver, false);
    now += SLICE_MS;
    assert.equal(slice.isOver, true);
  });

  it('lets others have a turn each time', async () => {
    let now = 0;
    const { turns } = await turnsOf(async () => {
      const slice = new TimeSlice(() => now);
      for (let step = 0; step < 100; step += 1) {
        now += 1;
        if (slice.isOver) await slice.next();
      }
    });
    assert.ok(turns >= Math.floor(100 / SLICE_MS), `${turns} turns`);
  });
});
