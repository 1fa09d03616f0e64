import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { placesOf, RowOrders } from '../../../../lib/import/reading/row-order.ts';
import { fixed, ONE } from '../../../../lib/money/money.ts';

const TERMS = { baseCurrency: 'KRW', costMethod: 'average' };

interface Row {
  time: number;
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price?: string;
  fee?: [string, string];
}

function read(rows: readonly Row[]): RowOrders {
  const orders = new RowOrders();
  for (const { time, symbol, side, quantity, price = '1', fee } of rows) {
    const [base = '', quote = ''] = symbol.split('/');
    const paid = fee === undefined ? null : { amount: fixed(fee[0]), currency: fee[1] };
    orders.add({ time, base, quote, side, quantity: fixed(quantity), price: fixed(price), fee: paid });
  }
  return orders;
}

const row = (side: 'buy' | 'sell', quantity: string, symbol = 'BTC/KRW'): Row => ({
  time: 5,
  symbol,
  side,
  quantity,
});

describe('the order of rows', () => {
  it('is that of their times, as most of them go', () => {
    const at = (...times: number[]): RowOrders => read(times.map((time) => ({ ...row('buy', '1'), time })));
    assert.equal(at(1, 1, 2, 3).byTime, 'oldest-first');
    assert.equal(at(3, 2, 2, 1).byTime, 'newest-first');
    // By symbol, and within each from the newest to the oldest.
    assert.equal(at(9, 8, 7, 9, 8, 7).byTime, 'newest-first');
    assert.equal(at(1, 2, 1).byTime, null);
    assert.deepEqual([at(4, 4).byTime, at(4, 4).instant, at(4, 5).instant], [null, 4, null]);
  });

  it('of one time is that in which what is sold has been bought', () => {
    assert.equal(read([row('sell', '1'), row('buy', '1')]).byCover, 'newest-first');
    assert.equal(read([row('buy', '1'), row('sell', '1')]).byCover, 'oldest-first');
    assert.equal(read([row('buy', '2'), row('sell', '2'), row('buy', '1')]).byCover, 'oldest-first');
    // Something was held before, either way.
    assert.equal(read([row('sell', '1'), row('buy', '2'), row('sell', '1')]).byCover, null);
    assert.equal(read([row('buy', '1'), row('buy', '1')]).byCover, null);
    // Which was spent may have been held as well: only what is bought tells.
    assert.equal(read([row('buy', '1', 'ETH/USDT'), row('sell', '1', 'XRP/USDT')]).byCover, null);
    assert.equal(read([row('buy', '1', 'ETH/USDT'), row('buy', '9', 'USDT/KRW')]).byCover, 'newest-first');
    // Two coins that tell it differently.
    const both = [row('sell', '1'), row('buy', '1', 'ETH/KRW'), row('buy', '1'), row('sell', '1', 'ETH/KRW')];
    assert.equal(read(both).byCover, null);
    assert.deepEqual(
      [...read([row('sell', '1'), row('buy', '3')]).shortfalls('oldest-first')],
      [['BTC', ONE]],
    );
    // A fee in a third coin.
    const fee = { ...row('buy', '1'), fee: ['1', 'BNB'] as [string, string] };
    assert.equal(read([fee, row('buy', '1', 'BNB/KRW')]).byCover, 'newest-first');
  });

  it('matters where figures depend on it', () => {
    const matters = (rows: Row[], costMethod = 'average'): boolean =>
      read(rows).matters({ ...TERMS, costMethod });
    assert.equal(matters([row('buy', '1'), row('sell', '1')]), true);
    assert.equal(matters([{ ...row('buy', '1'), time: 4 }, row('sell', '1')]), false, 'times tell it');
    assert.equal(matters([row('buy', '1'), row('sell', '1', 'ETH/KRW')]), false, 'two coins');
    assert.equal(matters([row('buy', '1'), row('buy', '2')]), false);
    assert.equal(matters([row('buy', '1'), row('buy', '2')], 'fifo'), true);
    assert.equal(matters([row('buy', '1'), row('buy', '1')], 'fifo'), false, 'both are the same');
  });

  it('gives each trade its place in its instant, the same one whichever way the list runs', () => {
    assert.deepEqual(placesOf([1, 2, 2, 3], 'oldest-first'), [null, 1, 2, null]);
    assert.deepEqual(placesOf([3, 2, 2, 1], 'newest-first'), [null, 2, 1, null]);
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 20 }), (times) => {
        times.sort((a, b) => a - b);
        assert.deepEqual(
          placesOf(times.toReversed(), 'newest-first').toReversed(),
          placesOf(times, 'oldest-first'),
        );
      }),
    );
  });
});
