import assert from 'node:assert/strict';
import { SerialTask } from '../../../streams/portfolio/serial-task.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a task that is run again and again', () => {
  let clock: VirtualClock;
  /** When each run began, and how to end those under way. */
  let begun: number[];
  let ends: (() => void)[];
  let task: SerialTask;
  beforeEach(() => {
    clock = new VirtualClock();
    begun = [];
    ends = [];
    task = new SerialTask(clock, () => {
      begun.push(clock.monotonic());
      return new Promise((resolve) => ends.push(resolve));
    });
  });

  it('runs at the earliest time that was asked for, once', async () => {
    task.runIn(300);
    task.runIn(100);
    task.runIn(200);
    await clock.advance(99);
    assert.deepEqual(begun, []);
    await clock.advance(1_000);
    assert.deepEqual(begun, [100]);
    assert.equal(clock.pending, 0);
  });

  it('never runs twice at a time: what is asked for during a run comes after it', async () => {
    task.runNow();
    assert.deepEqual(begun, [0]);
    task.runNow();
    task.runIn(50);
    await clock.advance(500);
    assert.deepEqual(begun, [0]);
    ends[0]?.();
    await clock.advance(0);
    assert.deepEqual(begun, [0, 500]);
    ends[1]?.();
    await clock.advance(1_000);
    assert.deepEqual(begun, [0, 500]);
    assert.equal(task.isPending, false);
  });

  it('may ask for its next run, and be closed meanwhile', async () => {
    const asking = new SerialTask(clock, () => {
      begun.push(clock.monotonic());
      asking.runNow();
      return new Promise((resolve) => ends.push(resolve));
    });
    asking.runNow();
    ends[0]?.();
    await clock.advance(10);
    assert.deepEqual(begun, [0, 0]);
    const closed = asking.close();
    ends[1]?.();
    await closed;
    asking.runNow();
    asking.runIn(0);
    await clock.advance(1_000);
    assert.deepEqual(begun, [0, 0]);
    assert.equal(clock.pending, 0);
  });
});
