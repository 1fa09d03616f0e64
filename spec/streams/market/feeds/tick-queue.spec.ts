import assert from 'node:assert/strict';
import { MAX_QUEUED, TickQueue } from '../../../../streams/market/feeds/tick-queue.ts';
import type { FeedGap } from '../../../../streams/market/market-feed.ts';
import type { Tick } from '../../../../streams/market/tick.ts';

function tick(symbol: string, time: number, quantity: string | null = '1'): Tick {
  const exchange = 'upbit';
  return { symbol, price: '1', quantity, side: null, time, tradeId: null, exchange, simulated: false };
}

/** A queue whose sink takes a batch when it is told to. */
class HeldQueue {
  readonly batches: (readonly Tick[])[] = [];
  readonly told: string[] = [];
  readonly gaps: FeedGap[] = [];
  readonly queue: TickQueue;
  #end: { resolve: () => void; reject: (reason: Error) => void } | null = null;
  #asked: (() => void) | null = null;

  constructor() {
    this.queue = new TickQueue({
      sink: (batch) => {
        this.batches.push(batch);
        return new Promise((resolve, reject) => {
          this.#end = { resolve, reject };
          this.#asked?.();
        });
      },
      taken: (count) => this.told.push(`taken ${count}`),
      settled: (symbol) => this.told.push(`settled ${symbol}`),
      missed: (gap) => this.gaps.push(gap),
    });
  }

  /** Resolves when the sink has been given a batch. */
  async asked(): Promise<void> {
    if (this.#end === null) await new Promise<void>((resolve) => (this.#asked = resolve));
  }

  async take(failure?: Error): Promise<void> {
    await this.asked();
    const end = this.#end;
    this.#end = null;
    if (failure === undefined) end?.resolve();
    else end?.reject(failure);
  }
}

describe('the queue of a live feed', () => {
  it('delivers one batch at a time, in order', async () => {
    const held = new HeldQueue();
    held.queue.add([tick('BTC/KRW', 1)]);
    await held.asked();
    held.queue.add([tick('BTC/KRW', 2)]);
    held.queue.add([tick('ETH/KRW', 3)]);
    assert.equal(held.batches.length, 1);
    await held.take();
    await held.take();
    await held.queue.idle();
    assert.deepEqual(
      held.batches.map((batch) => batch.map(({ time }) => time)),
      [[1], [2, 3]],
    );
    assert.deepEqual(held.told, ['taken 1', 'taken 2']);
  });

  it('settles a symbol when what was added before is taken, and at once if nothing waits', async () => {
    const held = new HeldQueue();
    held.queue.add([tick('BTC/KRW', 1)]);
    held.queue.settle('BTC/KRW');
    await held.asked();
    assert.deepEqual(held.told, []);
    await held.take();
    await held.queue.idle();
    assert.deepEqual(held.told, ['settled BTC/KRW', 'taken 1']);
    held.queue.settle('ETH/KRW');
    await held.queue.idle();
    assert.deepEqual(held.told.at(-1), 'settled ETH/KRW');
  });

  it('drops the oldest ticks beyond its bound, and reports the trades among them by symbol', async () => {
    const held = new HeldQueue();
    held.queue.add([tick('BTC/KRW', 0)]);
    await held.asked();
    held.queue.add([
      tick('BTC/KRW', 10),
      tick('ETH/KRW', 20),
      tick('XRP/KRW', 25, null),
      tick('BTC/KRW', 30),
      ...Array.from({ length: MAX_QUEUED }, (_, index) => tick('BTC/KRW', 100 + index)),
    ]);
    assert.deepEqual(held.gaps, [
      { symbol: 'BTC/KRW', from: 10, to: 31 },
      { symbol: 'ETH/KRW', from: 20, to: 21 },
    ]);
    assert.equal(held.queue.dropped, 4);
    await held.take();
    await held.take();
    await held.queue.idle();
    assert.equal(held.batches[1]?.length, MAX_QUEUED);
    assert.equal(held.batches[1]?.[0]?.time, 100);
  });

  it('goes on after the sink has failed, and settles nothing of that batch', async () => {
    const held = new HeldQueue();
    held.queue.add([tick('BTC/KRW', 1)]);
    held.queue.settle('BTC/KRW');
    await held.take(new Error('the term is over'));
    await held.queue.idle();
    assert.equal(held.queue.dropped, 1);
    assert.deepEqual(held.told, []);
    held.queue.add([tick('BTC/KRW', 2)]);
    await held.take();
    await held.queue.idle();
    assert.deepEqual(held.told, ['taken 1']);
  });
});
