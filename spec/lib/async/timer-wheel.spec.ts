import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { TimerWheel } from '../../../lib/async/timer-wheel.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('timer wheel', () => {
  let clock: VirtualClock;
  let wheel: TimerWheel;

  beforeEach(() => {
    clock = new VirtualClock();
    wheel = new TimerWheel(clock);
  });
  afterEach(() => {
    wheel.close();
    assert.equal(clock.pending, 0);
  });

  it('calls each when it is due, at most a tick late and never early, also after many turns', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 600_000 }), { maxLength: 50 }), async (delays) => {
        const from = clock.monotonic();
        const late: number[] = [];
        for (const delay of delays) {
          wheel.put({ due: (now) => (late.push(now - from - delay), null) }, from + delay);
        }
        await clock.advance(600_500);
        assert.equal(late.length, delays.length);
        assert.ok(
          late.every((ms) => ms >= 0 && ms <= 500),
          String(late),
        );
        assert.equal(wheel.size, 0);
      }),
      { numRuns: 10 },
    );
  });

  it('goes on with who asks for it, and leaves out who was taken off or put elsewhere', async () => {
    const calls: string[] = [];
    const again = { due: (now: number) => (calls.push('again'), now + 1_000) };
    const gone = { due: () => (calls.push('gone'), null) };
    const moved = { due: () => (calls.push('moved'), null) };
    wheel.put(again, 1_000);
    wheel.put(gone, 1_000);
    wheel.put(moved, 1_000);
    wheel.put(moved, 9_000);
    wheel.remove(gone);
    await clock.advance(3_500);
    assert.deepEqual(calls, ['again', 'again', 'again']);
    await clock.advance(6_000);
    assert.equal(calls.filter((name) => name === 'moved').length, 1);
    wheel.remove(again);
    assert.equal(wheel.size, 0);
  });

  it('looks at one slot a tick, however many there are', async () => {
    let looked = 0;
    for (let n = 0; n < 10_000; n += 1) {
      wheel.put({ due: (now) => ((looked += 1), now + 15_000) }, (n * 15_000) / 10_000);
    }
    await clock.advance(15_000);
    looked = 0;
    await clock.advance(250);
    assert.ok(looked > 0 && looked <= 400, String(looked));
  });

  it('looks at all when the wall clock was set, as tokens expire by it', async () => {
    let called = 0;
    const end = clock.now() + 3_600_000;
    wheel.put({ due: () => ((called += 1), clock.now() >= end ? null : 3_600_000) }, 3_600_000);
    await clock.advance(10_000);
    assert.equal(called, 0);
    clock.jump(3_600_000);
    await clock.advance(250);
    assert.deepEqual([called, wheel.size], [1, 0]);
  });
});
