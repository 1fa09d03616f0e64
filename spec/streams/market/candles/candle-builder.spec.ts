import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Candle } from '../../../../db/market/candles.ts';
import { fixed, mul } from '../../../../lib/money/money.ts';
import { CandleBuilder } from '../../../../streams/market/candles/candle-builder.ts';
import type { MarketTick } from '../../../../streams/market/market-tick.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 1);

function tick(time: number, price: string, quantity: string | null = '1', symbol = 'BTC/KRW'): MarketTick {
  return {
    symbol,
    time,
    price: fixed(price),
    quantity: quantity === null ? null : fixed(quantity),
    asOf: time,
    exchange: null,
    feed: null,
    status: 'live',
    simulated: false,
  };
}

/** The candles of a list of ticks by sorting it: slow and plain. */
function oracle(ticks: readonly MarketTick[]): Candle[] {
  const groups = new Map<string, MarketTick[]>();
  for (const each of [...ticks].sort((a, b) => a.time - b.time)) {
    const key = `${each.symbol} ${Math.floor(each.time / MINUTE)}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    const [first = tick(0, '1')] = group;
    const last = group[group.length - 1] ?? first;
    const prices = group.map((each) => each.price).sort((a, b) => (a < b ? -1 : 1));
    return {
      symbol: first.symbol,
      time: Math.floor(first.time / MINUTE) * MINUTE,
      closeTime: last.time,
      open: first.price,
      high: prices[prices.length - 1] ?? 0n,
      low: prices[0] ?? 0n,
      close: last.price,
      volume: group.reduce((sum, each) => sum + (each.quantity ?? 0n), 0n),
      quoteVolume: group.reduce((sum, each) => sum + mul(each.price, each.quantity ?? 0n), 0n),
      trades: group.filter((each) => each.quantity !== null).length,
      simulated: group.some((each) => each.simulated),
    };
  });
}

function byKey(candles: Iterable<Candle>): Candle[] {
  return [...candles].sort((a, b) => a.time - b.time || (a.symbol < b.symbol ? -1 : 1));
}

describe('the candle builder', () => {
  it('makes the candles that sorting all ticks makes, saved and published alike', () => {
    const anyTick = fc.record({
      symbol: fc.constantFrom('BTC/KRW', 'ETH/KRW'),
      time: fc.integer({ min: 0, max: 4 * MINUTE }).map((ms) => START + ms),
      price: fc.bigInt({ min: 1n, max: 10n ** 24n }),
      quantity: fc.option(fc.bigInt({ min: 1n, max: 10n ** 22n })),
      asOf: fc.constant(START),
      exchange: fc.constant(null),
      feed: fc.constant(null),
      status: fc.constant('live' as const),
      simulated: fc.boolean(),
    });
    const steps = fc.array(
      fc.oneof({ weight: 5, arbitrary: anyTick }, fc.constantFrom('save', 'fail', 'publish')),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(steps, (script) => {
        const builder = new CandleBuilder();
        const saved = new Map<string, Candle>();
        const published = new Map<string, Candle>();
        const save = (works: boolean): void => {
          const candles = builder.takeUnsaved(100);
          if (works) for (const candle of candles) saved.set(`${candle.symbol} ${candle.time}`, candle);
          builder.settle(candles, works);
        };
        const publish = (now: number): void => {
          for (const { candle } of builder.changes(now)) {
            published.set(`${candle.symbol} ${candle.time}`, candle);
          }
        };
        for (const step of script) {
          if (typeof step !== 'string') builder.add(step, START);
          else if (step === 'publish') publish(START);
          else save(step === 'save');
        }
        save(true);
        publish(START);
        const expected = byKey(oracle(script.filter((step) => typeof step !== 'string')));
        assert.deepEqual(byKey(saved.values()), expected);
        assert.deepEqual(byKey(published.values()), expected);
        assert.equal(builder.unsaved, 0);
        assert.equal(builder.lost, 0);
      }),
      { numRuns: 300 },
    );
  });

  it('publishes a candle when it changed, and as closed once a later minute has begun', () => {
    const builder = new CandleBuilder();
    builder.add(tick(START, '1'), START);
    assert.deepEqual(
      builder.changes(START).map((change) => change.closed),
      [false],
    );
    assert.deepEqual(builder.changes(START + 1), []);
    builder.add(tick(START + MINUTE, '2'), START + MINUTE);
    assert.deepEqual(
      builder.changes(START + MINUTE).map(({ candle, closed }) => [candle.time - START, closed]),
      [
        [0, true],
        [MINUTE, false],
      ],
    );
    assert.deepEqual(builder.changes(START + MINUTE), []);
  });

  it('closes a quiet minute two seconds after its end', () => {
    const builder = new CandleBuilder();
    builder.add(tick(START + 59_000, '1'), START + 59_500);
    builder.changes(START + 59_500);
    assert.deepEqual(builder.changes(START + 59_500 + 2_999), []);
    assert.deepEqual(
      builder.changes(START + 59_500 + 3_000).map((change) => change.closed),
      [true],
    );
  });

  it('does not close the minutes of a replay because they are long past', () => {
    const builder = new CandleBuilder();
    const now = START + 365 * 86_400_000;
    builder.add(tick(START, '1'), now);
    assert.deepEqual(
      builder.changes(now + 1_000).map((change) => change.closed),
      [false],
    );
    assert.deepEqual(builder.changes(now + 61_000), []);
    assert.deepEqual(
      builder.changes(now + 62_000).map((change) => change.closed),
      [true],
    );
  });

  it('opens a closed minute once more for a late tick', () => {
    const builder = new CandleBuilder();
    builder.add(tick(START, '1'), START);
    builder.add(tick(START + MINUTE, '2'), START);
    builder.changes(START);
    builder.add(tick(START + 1, '3'), START);
    const [change, ...others] = builder.changes(START);
    assert.equal(others.length, 0);
    assert.equal(change?.closed, true);
    assert.equal(change?.candle.trades, 2);
  });

  it('goes on with an unfinished candle of an earlier process', () => {
    const builder = new CandleBuilder();
    const [before] = oracle([tick(START, '10'), tick(START + 5, '20')]);
    assert.ok(before !== undefined);
    builder.seed([before], START + 5);
    assert.deepEqual(builder.takeUnsaved(10), []);
    builder.add(tick(START + 9, '5'), START + 9);
    assert.deepEqual(
      builder.takeUnsaved(10),
      oracle([tick(START, '10'), tick(START + 5, '20'), tick(START + 9, '5')]),
    );
  });

  it('keeps what is being saved until it is known to be', () => {
    const builder = new CandleBuilder();
    builder.add(tick(START, '1'), START);
    const taken = builder.takeUnsaved(10);
    for (let minute = 1; minute <= 20; minute += 1) builder.add(tick(START + minute * MINUTE, '2'), START);
    builder.settle(builder.takeUnsaved(100), true);
    builder.changes(START);
    builder.changes(START);
    builder.settle(taken, false);
    assert.deepEqual(builder.takeUnsaved(10), taken);
  });

  it('gives up the oldest minutes, and counts them, when nothing can be saved', () => {
    const builder = new CandleBuilder({ maxUnsaved: 3 });
    for (let minute = 0; minute < 5; minute += 1) builder.add(tick(START + minute * MINUTE, '2'), START);
    assert.equal(builder.lost, 2);
    assert.deepEqual(
      builder.takeUnsaved(10).map((candle) => (candle.time - START) / MINUTE),
      [2, 3, 4],
    );
  });

  it('keeps only the newest minutes on standby, and hands them out on taking over', () => {
    const builder = new CandleBuilder();
    for (let minute = 0; minute < 100; minute += 1) {
      builder.add(tick(START + minute * MINUTE, '2'), START);
      builder.standBy(START);
    }
    assert.equal(builder.unsaved, 0);
    builder.standBy(START);
    builder.takeOver();
    assert.deepEqual(
      builder.takeUnsaved(1_000).map((candle) => (candle.time - START) / MINUTE),
      [95, 96, 97, 98, 99],
    );
  });
});
