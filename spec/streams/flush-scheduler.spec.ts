import assert from 'node:assert/strict';
import { FlushScheduler, type Flushable } from '../../streams/flush-scheduler.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('the flush window', () => {
  const clock = new VirtualClock();
  const scheduler = new FlushScheduler(clock, 20);

  /** Notes when it was flushed, in milliseconds after `from`. */
  class Connection implements Flushable {
    lastFlush = clock.monotonic();
    readonly flushes: number[] = [];
    readonly #from = clock.monotonic();
    readonly flushMs: number | null;
    constructor(flushMs: number | null = null) {
      this.flushMs = flushMs;
    }
    flush(): void {
      this.lastFlush = clock.monotonic();
      this.flushes.push(Math.round(this.lastFlush - this.#from));
    }
  }

  /** Events every millisecond for so long. */
  async function busy(ms: number, ...connections: Connection[]): Promise<void> {
    for (let at = 0; at < ms; at += 1) {
      for (const connection of connections) scheduler.request(connection);
      await clock.advance(1);
    }
  }

  it('writes at once to who was idle, and gathers for who is busy', async () => {
    const connection = new Connection();
    await clock.advance(1_000);
    await busy(61, connection);
    assert.deepEqual(connection.flushes, [1_000, 1_020, 1_040, 1_060]);
  });

  it('is longer, shorter or none for a connection that asks for it', async () => {
    const usual = new Connection();
    const slow = new Connection(50);
    const quick = new Connection(5);
    const instant = new Connection(0);
    await clock.advance(100);
    await busy(101, usual, slow, quick, instant);
    assert.deepEqual(usual.flushes, [100, 120, 140, 160, 180, 200]);
    assert.deepEqual(slow.flushes, [100, 150, 200]);
    assert.deepEqual(quick.flushes.slice(0, 4), [100, 105, 110, 115]);
    assert.equal(instant.flushes.length, 101, 'every event is a write of its own');
  });

  it('leaves no timer behind, whatever is called off', async () => {
    // Past what the others have asked for.
    await clock.advance(100);
    assert.equal(clock.pending, 0);
    const gone = new Connection(50);
    scheduler.request(gone);
    scheduler.cancel(gone);
    await clock.advance(100);
    assert.deepEqual(gone.flushes, []);
    assert.equal(clock.pending, 0);
  });
});
