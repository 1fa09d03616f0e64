import assert from 'node:assert/strict';
import { backoff, pause } from '../../../lib/async/backoff.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('back-off', () => {
  it('doubles the range it draws from up to the cap, and starts again after a reset', () => {
    const delays = backoff(new VirtualClock(), () => 0.5, { baseMs: 100, capMs: 1_000 });
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => delays.next()),
      [50, 100, 200, 400, 500, 500],
    );
    delays.reset();
    assert.equal(delays.next(), 50);
  });

  it('draws from the whole range', () => {
    assert.equal(backoff(new VirtualClock(), () => 0, { baseMs: 100 }).next(), 0);
    assert.equal(backoff(new VirtualClock(), () => 0.999, { baseMs: 100 }).next(), 99);
  });

  it('waits on the given clock and ends early when it is called off, leaving no timer', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    let done = 0;
    void pause(clock, 1_000, stop.signal).then(() => (done += 1));
    await clock.advance(999);
    assert.equal(done, 0);
    await clock.advance(1);
    assert.equal(done, 1);
    const waiting = pause(clock, 1_000, stop.signal);
    stop.abort();
    await waiting;
    await pause(clock, 1_000, stop.signal);
    assert.equal(clock.pending, 0);
  });
});
