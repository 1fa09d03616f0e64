import assert from 'node:assert/strict';
import { DeadlineError } from '../../../lib/async/deadline.ts';
import { ThreadEndedError, WorkerThread } from '../../../lib/process/worker-thread.ts';
import type { Order } from '../../support/puppet-thread.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a worker thread', function () {
  this.timeout(60_000);
  let thread: WorkerThread<Order, string, string>;
  let news: string[];
  let deaths: ThreadEndedError[];
  beforeEach(() => {
    news = [];
    deaths = [];
    thread = new WorkerThread<Order, string, string>({
      caller: import.meta.url,
      file: '../../support/puppet-thread',
      name: 'the puppet',
      onNews: (text) => news.push(text),
      onDeath: (error) => deaths.push(error),
    });
  });
  afterEach(() => thread.terminate());

  it('gives each request its own answer, in whatever order they come', async () => {
    const order: string[] = [];
    const first = thread.ask({ answer: 'first', afterNext: true });
    const second = thread.ask({ answer: 'second' });
    void first.then((answer) => order.push(answer));
    void second.then((answer) => order.push(answer));
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
    assert.deepEqual(order, ['second', 'first']);
    assert.ok(thread.isIdle);
  });

  it('passes on why a request failed, and goes on', async () => {
    await assert.rejects(thread.ask({ fail: 'not this one' }), {
      name: 'TypeError',
      message: 'not this one',
    });
    assert.equal(await thread.ask({ answer: 'the next one' }), 'the next one');
  });

  it('passes on what it tells without being asked', async () => {
    await thread.ask({ news: 'by the way' });
    assert.deepEqual(news, ['by the way']);
  });

  it('waits no longer than the deadline, and is idle then', async () => {
    const clock = new VirtualClock();
    const asked = thread.ask({ silence: true }, { clock, ms: 1_000, what: 'an answer' });
    assert.ok(!thread.isIdle);
    const late = assert.rejects(asked, DeadlineError);
    await clock.advance(1_000);
    await late;
    assert.ok(thread.isIdle);
  });

  it('fails what is pending and whatever comes after it has crashed, and says so once', async () => {
    const pending = thread.ask({ silence: true });
    const crashed = thread.ask({ crash: 'out of memory' });
    for (const asked of [pending, crashed]) {
      await assert.rejects(asked, {
        name: 'ThreadEndedError',
        message: 'the puppet has ended: out of memory',
      });
    }
    await assert.rejects(thread.ask({ answer: 'too late' }), ThreadEndedError);
    await thread.terminate();
    assert.equal(deaths.length, 1);
    assert.ok(thread.isIdle);
  });

  it('says so when it has ended by itself', async () => {
    await assert.rejects(thread.ask({ exit: true }), { message: 'the puppet has ended' });
    assert.equal(deaths.length, 1);
  });

  it('fails what is pending when it is terminated, which is no death', async () => {
    const pending = thread.ask({ silence: true });
    const failed = assert.rejects(pending, ThreadEndedError);
    await thread.terminate();
    await failed;
    assert.deepEqual(deaths, []);
  });
});
