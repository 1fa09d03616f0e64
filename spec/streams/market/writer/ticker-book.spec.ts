import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { fixed } from '../../../../lib/money/money.ts';
import type { MarketTick } from '../../../../streams/market/market-tick.ts';
import type { TickerBody } from '../../../../lib/schemas/ticker-schema.ts';
import { TickerBook } from '../../../../streams/market/writer/ticker-book.ts';
import { tickerOf } from '../../../support/ticker-oracle.ts';

const MINUTE = 60_000;
const START = Date.UTC(2024, 0, 1);

function tick(
  changes: Partial<Omit<MarketTick, 'price' | 'quantity'>> & { price: string; quantity?: string },
) {
  const { quantity } = changes;
  return {
    symbol: 'BTC/KRW',
    time: START,
    asOf: START,
    exchange: null,
    feed: null,
    status: 'live' as const,
    simulated: false,
    ...changes,
    price: fixed(changes.price),
    quantity: quantity === undefined ? null : fixed(quantity),
  };
}

describe('the ticker book', () => {
  it('tells what a plain look through all ticks tells, for ticks in any order', () => {
    const anyTick = fc.record({
      symbol: fc.constantFrom('BTC/KRW', 'ETH/KRW'),
      // Around three days, dense enough for several ticks in one minute.
      time: fc.oneof(
        fc.integer({ min: 0, max: 3 * 1_440 }).map((minutes) => START + minutes * MINUTE),
        fc.integer({ min: 0, max: 5 * MINUTE }).map((ms) => START + 1_438 * MINUTE + ms),
      ),
      price: fc.bigInt({ min: 1n, max: 10n ** 24n }),
      quantity: fc.option(fc.bigInt({ min: 1n, max: 10n ** 22n })),
      asOf: fc.constantFrom(START, START + 1),
      exchange: fc.constantFrom(null, 'upbit'),
      feed: fc.constantFrom('hand', 'push'),
      status: fc.constant('live' as const),
      simulated: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyTick, { maxLength: 60 }), fc.boolean(), (ticks, inOrder) => {
        if (inOrder) ticks.sort((a, b) => a.time - b.time);
        const book = new TickerBook();
        const seen: MarketTick[] = [];
        for (const each of ticks) {
          const newest = Math.max(...seen.filter((one) => one.symbol === each.symbol).map((one) => one.time));
          const late = each.time < newest;
          seen.push(each);
          const told = book.apply(each);
          const expected = tickerOf(seen.filter((one) => one.symbol === each.symbol));
          assert.deepEqual(told, late ? null : expected);
          // What is late shows in the 24 hours at once.
          assert.deepEqual(book.ticker(each.symbol), expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('knows no change after the first price', () => {
    const book = new TickerBook();
    assert.equal(book.apply(tick({ price: '100' }))?.change, null);
    const second = book.apply(tick({ price: '90', time: START + 1 }));
    assert.equal(second?.change, '-10');
    assert.equal(second?.changeRate, '-0.1');
  });

  it('measures the change against the price 24 hours ago once that is known', () => {
    const book = new TickerBook();
    book.apply(tick({ price: '100' }));
    book.apply(tick({ price: '200', time: START + 60 * MINUTE }));
    assert.equal(book.apply(tick({ price: '210', time: START + 1_439 * MINUTE }))?.change, '110');
    assert.equal(book.apply(tick({ price: '220', time: START + 1_499 * MINUTE }))?.change, '120');
    assert.equal(book.apply(tick({ price: '230', time: START + 1_500 * MINUTE }))?.change, '30');
  });

  it('starts from stored candles and goes on', () => {
    const book = new TickerBook();
    const candle = {
      symbol: 'BTC/KRW',
      open: fixed('10'),
      high: fixed('15'),
      low: fixed('8'),
      close: fixed('12'),
    };
    const sums = { volume: fixed('3'), quoteVolume: fixed('33'), trades: 4, simulated: true };
    book.seed([{ ...candle, ...sums, time: START, closeTime: START + 50_000 }]);
    assert.equal(book.apply(tick({ price: '1', time: START + 49_999 })), null, 'older than the stored close');
    const told = book.apply(tick({ price: '13', quantity: '2', time: START + 50_000 }));
    assert.deepEqual(told, {
      symbol: 'BTC/KRW',
      price: '13',
      change: '3',
      changeRate: '0.3',
      high: '15',
      low: '1',
      volume: '5',
      quoteVolume: '59',
      time: new Date(START + 50_000).toISOString(),
      asOf: new Date(START).toISOString(),
      exchange: null,
      feed: null,
      status: 'live',
      complete: true,
      simulated: false,
    });
  });

  it('adopts the ticker of another writer, unless it knows a newer one', () => {
    const book = new TickerBook();
    const told = book.apply(tick({ price: '100', time: START + 10 }));
    assert.ok(told !== null);
    book.adopt({ ...told, price: '50', time: new Date(START).toISOString() }, fixed('50'));
    assert.notEqual(book.apply(tick({ price: '101', time: START + 10 })), null);
    book.adopt({ ...told, price: '60', time: new Date(START + 20).toISOString() }, fixed('60'));
    assert.equal(book.apply(tick({ price: '102', time: START + 19 })), null, 'late against what was adopted');
  });

  it('is bounded in symbols, and in memory by a shorter window', () => {
    const book = new TickerBook({ maxSymbols: 2, maxBuckets: 3 });
    book.apply(tick({ symbol: 'A/KRW', price: '1' }));
    book.apply(tick({ symbol: 'B/KRW', price: '1' }));
    assert.equal(book.hasRoomFor('A/KRW', 'B/KRW'), true);
    assert.equal(book.hasRoomFor('A/KRW', 'C/KRW'), false);
    assert.throws(() => book.apply(tick({ symbol: 'C/KRW', price: '1' })), RangeError);
    let told: TickerBody | null = null;
    for (let minute = 1; minute <= 10; minute += 1) {
      told = book.apply(tick({ symbol: 'A/KRW', price: '1', quantity: '1', time: START + minute * MINUTE }));
    }
    assert.equal(told?.volume, '2');
    book.clear();
    assert.equal(book.hasRoomFor('C/KRW', 'D/KRW'), true);
  });
});
