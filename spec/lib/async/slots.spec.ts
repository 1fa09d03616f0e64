import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { NoSlotError, type Slot, Slots } from '../../../lib/async/slots.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('slots', () => {
  const refused = (limit: 'client' | 'all', taken: number) => (error: unknown) =>
    error instanceof NoSlotError && error.limit === limit && error.taken === taken;

  it('are so many for a client, and so many for all', () => {
    const slots = new Slots('jobs', { all: 3, client: 2 }, new VirtualClock());
    const first = slots.take('a');
    slots.take('a');
    assert.throws(() => slots.take('a'), refused('client', 2));
    slots.take('b');
    assert.throws(() => slots.take('b'), refused('all', 3));
    first.release();
    first.release();
    assert.equal(slots.size, 2);
    slots.take('b');
    assert.throws(() => slots.take('c'), refused('all', 3));
  });

  it('are waited for, each client in its turn', async () => {
    const slots = new Slots('jobs', { all: 2, client: 2 }, new VirtualClock());
    const held = [slots.take('a'), slots.take('a')];
    const served: string[] = [];
    const wait = (name: string): void =>
      void slots.wait(name, 1_000).then((slot) => {
        served.push(name);
        held.push(slot);
      });
    for (const name of ['b', 'b', 'b', 'c', 'a']) wait(name);
    for (let n = 0; n < 5; n += 1) {
      held.shift()?.release();
      await Promise.resolve();
      await Promise.resolve();
    }
    // `a` had both slots when it asked, so it joined the others when it had given one back.
    assert.deepEqual([...served].sort(), ['a', 'b', 'b', 'b', 'c']);
    assert.ok(served.indexOf('c') < served.lastIndexOf('b'), served.join());
  });

  it('let nobody wait behind a client that has all of its own', async () => {
    const slots = new Slots('jobs', { all: 3, client: 1 }, new VirtualClock());
    slots.take('a');
    const stuck = slots.wait('a', 1_000);
    stuck.catch(() => undefined);
    await slots.wait('b', 1_000);
    assert.equal(slots.size, 2);
  });

  it('are refused after the time, for whichever limit it is, and nothing is left of the wait', async () => {
    const clock = new VirtualClock();
    const slots = new Slots('jobs', { all: 2, client: 1 }, clock);
    const first = slots.take('a');
    const second = slots.take('b');
    const waits = [slots.wait('a', 1_000), slots.wait('c', 1_000)];
    const outcomes = Promise.allSettled(waits);
    await clock.advance(999);
    assert.equal(clock.pending, 2);
    await clock.advance(1);
    const [own, all] = await outcomes;
    assert.ok(own?.status === 'rejected' && refused('client', 1)(own.reason));
    assert.ok(all?.status === 'rejected' && refused('all', 2)(all.reason));
    first.release();
    second.release();
    assert.deepEqual([slots.size, clock.pending], [0, 0]);
  });

  it('are never more than there are, and none is idle while somebody could have it', async () => {
    const step = fc.record({
      what: fc.constantFrom('take', 'wait', 'release', 'pass'),
      client: fc.constantFrom('a', 'b', 'c', 'd'),
      which: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const limits = { all: 4, client: 2 };
        const clock = new VirtualClock();
        const slots = new Slots('jobs', limits, clock);
        const held: { client: string; slot: Slot }[] = [];
        const waiting: { client: string }[] = [];
        const countOf = (client: string): number => held.filter((each) => each.client === client).length;
        for (const { what, client, which } of steps) {
          if (what === 'take') {
            try {
              held.push({ client, slot: slots.take(client) });
            } catch (error) {
              assert.ok(error instanceof NoSlotError);
              assert.ok(countOf(client) === limits.client || held.length === limits.all);
            }
          } else if (what === 'wait') {
            const waiter = { client };
            waiting.push(waiter);
            slots.wait(client, 1_000).then(
              (slot) => {
                waiting.splice(waiting.indexOf(waiter), 1);
                held.push({ client, slot });
              },
              () => waiting.splice(waiting.indexOf(waiter), 1),
            );
          } else if (what === 'release' && held.length > 0) {
            held.splice(which % held.length, 1)[0]?.slot.release();
          } else if (what === 'pass') await clock.advance(500);
          await clock.advance(0);
          assert.equal(slots.size, held.length);
          assert.ok(held.length <= limits.all);
          for (const each of ['a', 'b', 'c', 'd']) assert.ok(countOf(each) <= limits.client);
          if (held.length < limits.all) {
            assert.ok(waiting.every((each) => countOf(each.client) === limits.client));
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
