import assert from 'node:assert/strict';
import { DeadlineError } from '../../lib/async/deadline.ts';
import { eventually, within } from './eventually.ts';

describe('eventually', () => {
  it('resolves with the first truthy result', async () => {
    const results = [null, 0, 'now', 'later'];
    assert.equal(await eventually(() => results.shift(), 'a result', { everyMs: 0 }), 'now');
    assert.deepEqual(results, ['later']);
  });

  it('names what did not happen when its time is over, and checks no more', async () => {
    let checks = 0;
    const never = eventually(() => (checks += 1) < 0, 'the impossible', { withinMs: 20, everyMs: 1 });
    await assert.rejects(never, new DeadlineError('the impossible', 20));
    const at = checks;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(checks <= at + 1, `${checks} checks`);
  });

  it('fails at once when a check fails', async () => {
    await assert.rejects(
      eventually(() => assert.fail('broken'), 'anything'),
      /broken/,
    );
  });

  it('gives a promise a deadline', async () => {
    assert.equal(await within(Promise.resolve(1), 'it'), 1);
    await assert.rejects(within(new Promise(() => undefined), 'it', 5), DeadlineError);
  });
});
