import assert from 'node:assert/strict';
import { DeadlineError, withDeadline } from '../../../lib/async/deadline.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a deadline', () => {
  let clock: VirtualClock;
  let resolve: (value: string) => void;
  let reject: (error: Error) => void;
  let task: Promise<string>;
  beforeEach(() => {
    clock = new VirtualClock();
    task = new Promise((...settle) => ([resolve, reject] = settle));
  });

  it('passes on what comes in time, and what fails', async () => {
    const options = { clock, ms: 100, what: 'the test' };
    const value = withDeadline(task, options);
    resolve('came');
    assert.equal(await value, 'came');
    await assert.rejects(withDeadline(Promise.reject(new Error('broken')), options), /broken/);
    assert.equal(clock.pending, 0);
  });

  it('gives up by then, and gives back what comes later', async () => {
    const late: string[] = [];
    const value = withDeadline(task, { clock, ms: 100, what: 'the test', late: (text) => late.push(text) });
    const failed = assert.rejects(value, (error) => {
      assert.ok(error instanceof DeadlineError);
      assert.equal(error.message, 'the test took longer than 100 ms');
      return true;
    });
    await clock.advance(99);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    await failed;
    resolve('late');
    await clock.advance(0);
    assert.deepEqual(late, ['late']);
  });

  it('says nothing of what fails later, nor of what cannot be given back', async () => {
    const value = withDeadline(task, { clock, ms: 100, what: 'the test' });
    const failed = assert.rejects(value, DeadlineError);
    const stubborn = withDeadline(Promise.resolve('late'), {
      clock,
      ms: 100,
      what: 'the test',
      signal: AbortSignal.abort(new Error('over')),
      late: () => {
        throw new Error('cannot be given back');
      },
    });
    await assert.rejects(stubborn, /over/);
    await clock.advance(100);
    await failed;
    reject(new Error('late'));
    await clock.advance(0);
  });

  it('ends with a signal, before and while it waits', async () => {
    const ending = new AbortController();
    const options = { clock, ms: 100, what: 'the test', signal: ending.signal };
    const ended = assert.rejects(withDeadline(task, options), /enough/);
    ending.abort(new Error('enough'));
    await ended;
    await assert.rejects(withDeadline(task, options), /enough/);
    assert.equal(clock.pending, 0);
  });
});
