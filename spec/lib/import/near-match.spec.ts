import assert from 'node:assert/strict';
import { type Figures, nearMatches } from '../../../lib/import/near-match.ts';
import { fixed } from '../../../lib/money/money.ts';

const NOON = Date.UTC(2026, 2, 2, 12);

const figures = (
  id: string,
  change: Partial<Omit<Figures, 'quantity' | 'price'>> & { quantity?: string; price?: string } = {},
): Figures => ({
  id,
  time: NOON,
  what: 'trade BTC/USDT buy',
  exchange: 'binance',
  source: null,
  hasId: false,
  isCoarse: false,
  ...change,
  quantity: fixed(change.quantity ?? '0.015'),
  price: fixed(change.price ?? '64000.1'),
});
const found = (rows: Figures[], entries: Figures[]): unknown => {
  const { same, near } = nearMatches(rows, entries);
  return { same: Object.fromEntries(same), near: near.map(({ id, differs }) => `${id} ${differs}`) };
};
const SAME = { same: { r: 'e' }, near: [] };
const NONE = { same: {}, near: [] };

describe('rows of a file and entries of another source', () => {
  it('are the same within the second, and within the minute if one of them has no seconds', () => {
    const late = { time: NOON + 45_678 };
    assert.deepEqual(found([figures('r', late)], [figures('e', { time: NOON + 45_000 })]), SAME);
    assert.deepEqual(found([figures('r')], [figures('e', late)]), { same: {}, near: ['r time'] });
    assert.deepEqual(found([figures('r', { isCoarse: true })], [figures('e', late)]), SAME);
    assert.deepEqual(found([figures('r')], [figures('e', { time: NOON + 61_000 })]), NONE);
  });

  it('are the same when they are rounded otherwise, and like each other when they differ by more', () => {
    assert.deepEqual(found([figures('r', { price: '64000.1234' })], [figures('e')]), SAME);
    assert.deepEqual(found([figures('r', { price: '64100' })], [figures('e')]), {
      same: {},
      near: ['r price'],
    });
    assert.deepEqual(found([figures('r', { quantity: '0.0151' })], [figures('e')]), {
      same: {},
      near: ['r quantity'],
    });
    assert.deepEqual(found([figures('r', { quantity: '0.02' })], [figures('e')]), NONE);
  });

  it('are as many as there are on the other side', () => {
    const rows = ['r1', 'r2', 'r3'].map((id) => figures(id));
    const entries = ['e1', 'e2'].map((id) => figures(id));
    assert.deepEqual(found(rows, entries), { same: { r1: 'e1', r2: 'e2' }, near: [] });
  });

  it('are the same when one of them sums up the fills of a second', () => {
    const fills = [
      figures('a', { quantity: '0.01', price: '64000' }),
      figures('b', { quantity: '0.005', price: '64010' }),
    ];
    const sum = { quantity: '0.015', price: '64003.333333333333333333' };
    assert.deepEqual(found([figures('r', sum)], fills), { same: { r: 'a' }, near: [] });
    assert.deepEqual(found(fills, [figures('e', sum)]), { same: { a: 'e', b: 'e' }, near: [] });
    assert.deepEqual(found(fills, [figures('e', { ...sum, price: '65000' })]), NONE);
  });

  it('are two when each has an id of the exchange, and when one source tells them apart', () => {
    assert.deepEqual(found([figures('r', { hasId: true })], [figures('e', { hasId: true })]), NONE);
    assert.deepEqual(found([figures('r', { hasId: true })], [figures('e')]), SAME);
    assert.deepEqual(
      found([figures('r', { source: 'binance' })], [figures('e', { source: 'binance' })]),
      NONE,
    );
    assert.deepEqual(
      found([figures('r', { source: 'binance' })], [figures('e', { source: 'binance-statement' })]),
      SAME,
    );
  });

  it('are two on two exchanges, unless one of them is not told', () => {
    assert.deepEqual(found([figures('r', { exchange: 'okx' })], [figures('e')]), NONE);
    assert.deepEqual(found([figures('r', { exchange: null })], [figures('e')]), SAME);
    assert.deepEqual(found([figures('r', { what: 'trade BTC/USDT sell' })], [figures('e')]), NONE);
  });
});
