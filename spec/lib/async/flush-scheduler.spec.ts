import assert from 'node:assert/strict';
import { FlushScheduler, type Flushable } from '../../../lib/async/flush-scheduler.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

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

  describe('of very many connections', () => {
    const flushed: string[] = [];

    /** Takes its time to write. */
    class Slow implements Flushable {
      lastFlush = -1_000;
      readonly flushMs: number | null;
      readonly #name: string;
      constructor(name: string, flushMs: number | null = null) {
        this.#name = name;
        this.flushMs = flushMs;
      }
      flush(): void {
        clock.spend(3);
        this.lastFlush = clock.monotonic();
        flushed.push(this.#name);
      }
    }

    const many = (flushMs: number | null = null): Slow[] =>
      Array.from({ length: 8 }, (_, n) => new Slow(String(n), flushMs));

    beforeEach(async () => {
      await clock.advance(100);
      flushed.length = 0;
    });

    it('lets others have the loop between, keeps the order, and forgets nobody', async () => {
      for (const each of many()) scheduler.request(each);
      // As a request that has come in meanwhile.
      clock.after(1, () => void flushed.push('other'));
      await clock.advance(100);
      assert.deepEqual(flushed, ['0', '1', '2', 'other', '3', '4', '5', '6', '7']);
      assert.equal(clock.pending, 0);
    });

    it('does so too when a window ends', async () => {
      const all = many(50);
      for (const each of all) {
        each.lastFlush = clock.monotonic();
        scheduler.request(each);
      }
      clock.after(51, () => void flushed.push('other'));
      await clock.advance(200);
      assert.deepEqual(flushed, ['0', '1', '2', 'other', '3', '4', '5', '6', '7']);
      assert.equal(clock.pending, 0);
    });

    it('writes what has come meanwhile with what waits, and nothing to who has gone', async () => {
      const all = many();
      for (const each of all) scheduler.request(each);
      clock.after(1, () => {
        for (const each of all.slice(4)) scheduler.request(each);
        for (const each of all.slice(6)) scheduler.cancel(each);
      });
      await clock.advance(100);
      assert.deepEqual(flushed, ['0', '1', '2', '3', '4', '5']);
      assert.equal(clock.pending, 0);
    });

    it('ends with its scheduler', async () => {
      const own = new FlushScheduler(clock, 20);
      for (const each of many()) own.request(each);
      clock.after(1, () => own.close());
      await clock.advance(100);
      assert.deepEqual(flushed, ['0', '1', '2']);
      assert.equal(clock.pending, 0);
    });
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
