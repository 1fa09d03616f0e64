import assert from 'node:assert/strict';
import { Shutdown } from '../../app/shutdown.ts';
import { quiet } from '../support/log-watch.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('the shutdown', () => {
  it('closes in the reverse order, over what fails and what hangs, and ends in time', async () => {
    const clock = new VirtualClock();
    const shutdown = new Shutdown({ clock, logger: quiet });
    const closed: string[] = [];
    const hang = (name: string) => async (): Promise<void> => {
      closed.push(name);
      await new Promise(() => undefined);
    };
    shutdown.add('the first', () => closed.push('first'));
    for (let n = 0; n < 5; n += 1) shutdown.add('what hangs', hang('hung'));
    shutdown.add('what fails', () => {
      closed.push('failed');
      throw new Error('it fails');
    });
    shutdown.add('the last', async () => closed.push('last'));
    let isOver = false;
    void shutdown.run().then(() => (isOver = true));
    await clock.advance(0);
    assert.deepEqual(closed, ['last', 'failed', 'hung']);
    await clock.advance(11_000);
    assert.ok(isOver);
    assert.deepEqual(closed, ['last', 'failed', ...Array.from({ length: 5 }, () => 'hung'), 'first']);
    assert.equal(clock.pending, 0);
    await shutdown.run();
    assert.equal(closed.length, 8);
  });
});
