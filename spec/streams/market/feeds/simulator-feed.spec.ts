import assert from 'node:assert/strict';
import { fixed } from '../../../../lib/money/money.ts';
import { priceStep } from '../../../../streams/market/feeds/simulated-market.ts';
import { SimulatorFeed } from '../../../../streams/market/feeds/simulator-feed.ts';
import type { Tick } from '../../../../streams/market/tick.ts';
import { CollectingSink } from '../../../support/tick-sink.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

async function run(options: { seed?: number; random?: () => number; ms?: number } = {}): Promise<Tick[]> {
  const clock = new VirtualClock();
  const feed = new SimulatorFeed({ clock, random: options.random ?? (() => 0.5), seed: options.seed });
  const collected = new CollectingSink();
  feed.start(collected.sink);
  await clock.advance(options.ms ?? 60_000);
  await feed.close();
  assert.equal(clock.pending, 0, 'timers are left');
  return collected.ticks;
}

describe('the simulator feed', () => {
  it('makes the same market from the same seed, and another from another', async () => {
    assert.deepEqual(await run({ seed: 7 }), await run({ seed: 7 }));
    assert.notDeepEqual(await run({ seed: 7 }), await run({ seed: 8 }));
  });

  it('takes its seed from the given randomness when none is set', async () => {
    assert.notDeepEqual(await run({ random: () => 0.1 }), await run({ random: () => 0.2 }));
  });

  it('marks every tick as simulated and names itself as the exchange', async () => {
    const ticks = await run({ seed: 1 });
    assert.ok(ticks.length > 500, `only ${ticks.length} ticks in a minute`);
    assert.ok(ticks.every((tick) => tick.simulated && tick.exchange === 'simulator'));
    assert.equal(new Set(ticks.map((tick) => tick.tradeId)).size, ticks.length);
  });

  it('tells every symbol in its first batch', async () => {
    const ticks = await run({ seed: 1, ms: 0 });
    for (const asset of ['BTC', 'ETH', 'XRP', 'SOL', 'DOGE', 'ADA', 'USDT']) {
      assert.ok(
        ticks.some((tick) => tick.symbol === `${asset}/KRW`),
        `no ${asset}/KRW`,
      );
    }
  });

  it('moves in whole price steps of the won market, as plain decimals', async () => {
    for (const { symbol, price, quantity } of await run({ seed: 3, ms: 600_000 })) {
      assert.match(price, /^\d+(\.\d+)?$/);
      assert.match(quantity ?? '', /^\d+(\.\d{1,8})?$/);
      assert.equal(fixed(price) % priceStep(fixed(price)), 0n, `${symbol} at ${price}`);
      assert.ok(fixed(quantity ?? '0') > 0n);
    }
  });

  it('stays plausible for hours: prices move, and none by more than half', async () => {
    const byId = new Map<string, number[]>();
    for (const { symbol, price } of await run({ seed: 11, ms: 86_400_000 / 8 })) {
      byId.set(symbol, [...(byId.get(symbol) ?? []).slice(-1_000), Number(price)]);
    }
    for (const [symbol, prices] of byId) {
      const [low, high] = [Math.min(...prices), Math.max(...prices)];
      assert.ok(high > low, `${symbol} does not move`);
      assert.ok(high < low * 1.5, `${symbol} moves from ${low} to ${high}`);
    }
  }).timeout(120_000);

  it('goes on from the last known price', async () => {
    const clock = new VirtualClock();
    const lastPrice = (symbol: string): string | null => (symbol === 'BTC/KRW' ? '90000000' : null);
    const feed = new SimulatorFeed({ clock, random: () => 0.5, seed: 1, lastPrice });
    const collected = new CollectingSink();
    feed.start(collected.sink);
    await feed.close();
    const price = Number(collected.ticks.find((tick) => tick.symbol === 'BTC/KRW')?.price);
    assert.ok(Math.abs(price - 90_000_000) < 100_000, `it jumped to ${price}`);
  });

  it('leaves rounds out while the sink is busy, and says so when it fails', async () => {
    const clock = new VirtualClock();
    const feed = new SimulatorFeed({ clock, random: () => 0.5, seed: 1 });
    let calls = 0;
    let release = (): void => {};
    feed.start(async () => {
      calls += 1;
      if (calls === 1) await new Promise<void>((resolve) => (release = resolve));
      if (calls === 2) throw new Error('no room');
    });
    await clock.advance(2_000);
    assert.equal(calls, 1);
    release();
    await clock.advance(250);
    assert.equal(calls, 2);
    assert.equal(feed.status().state, 'retrying');
    assert.match(feed.status().detail ?? '', /no room/);
    await clock.advance(250);
    assert.equal(feed.status().state, 'running');
    await feed.close();
  });
});
