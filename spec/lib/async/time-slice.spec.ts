import assert from 'node:assert/strict';
import { inSlices, mapInSlices, SLICE_MS, TimeSlice } from '../../../lib/async/time-slice.ts';
import type { Steps } from '../../../lib/steps.ts';
import { hold, turnsOf } from '../../support/turns.ts';

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

describe('long work in slices', () => {
  it('gives its result, and lets others have turns', async () => {
    const steps = function* (): Steps<string> {
      for (let step = 0; step < 12; step += 1) {
        hold(3);
        yield;
      }
      return 'done';
    };
    const run = await turnsOf(() => inSlices(steps()));
    assert.equal(run.result, 'done');
    assert.ok(run.turns >= 3, `${run.turns} turns`);
    const mapped = await turnsOf(() =>
      mapInSlices([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], (n) => {
        hold(3);
        return n * 2;
      }),
    );
    assert.deepEqual(mapped.result, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
    assert.ok(mapped.turns >= 3, `${mapped.turns} turns`);
  });
});
