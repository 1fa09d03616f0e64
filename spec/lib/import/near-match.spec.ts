import assert from 'node:assert/strict';
import { type Figures, nearMatches } from '../../../lib/import/near-match.ts';
import { decimal, div, fixed } from '../../../lib/money/money.ts';

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
  account: null,
  fee: null,
  isCoarse: false,
  isOfMinutes: false,
  net: null,
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

  it('are the same when one tells all that left and the other what was sent', () => {
    const out = { what: 'withdrawal BTC' };
    const whole = figures('e', { ...out, quantity: '0.005', net: fixed('0.0048') });
    assert.deepEqual(found([figures('r', { ...out, quantity: '0.0048' })], [whole]), SAME);
    assert.deepEqual(found([figures('r', { ...out, quantity: '0.005' })], [whole]), SAME);
    assert.deepEqual(found([figures('r', { ...out, quantity: '0.00482' })], [whole]), {
      same: {},
      near: ['r quantity'],
    });
    const other = figures('r', { ...out, quantity: '0.0048', net: fixed('0.0046') });
    assert.deepEqual(found([other], [whole]), NONE);
  });

  it('are the same within the last digit of the coarser source, as all its figures show it', () => {
    const coarse = { source: 'file', quantity: '310.56', price: '3150' };
    const exact = { quantity: '310.55555555', price: '3150.2' };
    assert.deepEqual(found([figures('r', coarse)], [figures('e', exact)]), SAME);
    // Another figure of the file has a decimal more: its 3150 is 3150.0.
    const others = [
      figures('r', coarse),
      figures('q', { ...coarse, time: NOON + 600_000, price: '3150.25' }),
    ];
    assert.deepEqual(found(others, [figures('e', exact)]), { same: {}, near: ['r price'] });
    assert.deepEqual(found([figures('r', { ...coarse, quantity: '310.6' })], [figures('e', exact)]), {
      same: {},
      near: ['r quantity'],
    });
  });

  it('are the same when one has its price of a total that was rounded to whole units of money', () => {
    // 0.00022463 at 137,999,000 is 30,998.71537, and a source that tells 31,001 of it tells another trade.
    const exact = figures('e', { quantity: '0.00022463', price: '137999000' });
    const priceOf = (total: string): string => decimal(div(fixed(total), fixed('0.00022463')));
    const row = (total: string): Figures =>
      figures('r', { source: 'file', quantity: '0.00022463', price: priceOf(total) });
    assert.deepEqual(found([row('30999')], [exact]), SAME);
    assert.deepEqual(found([row('30998')], [exact]), SAME);
    assert.deepEqual(found([row('31001')], [exact]), { same: {}, near: ['r price'] });
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

  it('are the same where one file of a source has lost its seconds, one to one', () => {
    const own = { source: 'upbit' };
    const late = { ...own, time: NOON + 6_000 };
    const minute = { ...own, isOfMinutes: true };
    assert.deepEqual(found([figures('r', minute)], [figures('e', late)]), SAME);
    assert.deepEqual(found([figures('r', late)], [figures('e', minute)]), SAME);
    const near = { same: {}, near: ['r time'] };
    // The other rows of the file have seconds: those of this one are zero.
    assert.deepEqual(found([figures('r', own)], [figures('e', late)]), near);
    const two = [figures('e', late), figures('f', { ...late, time: NOON + 7_000 })];
    assert.deepEqual(found([figures('r', minute)], two), near);
    assert.deepEqual(found([figures('r', minute), figures('q', minute)], two), {
      same: { r: 'e', q: 'f' },
      near: [],
    });
    for (const change of [{ time: NOON + 61_000 }, { quantity: '0.02' }, { price: '65000' }]) {
      assert.deepEqual(found([figures('r', minute)], [figures('e', { ...late, ...change })]), NONE);
    }
    assert.deepEqual(found([figures('r', late)], [figures('e', { ...own, time: NOON + 7_000 })]), NONE);
  });

  it('are two on two exchanges, unless one of them is not told', () => {
    assert.deepEqual(found([figures('r', { exchange: 'okx' })], [figures('e')]), NONE);
    assert.deepEqual(found([figures('r', { exchange: null })], [figures('e')]), SAME);
    assert.deepEqual(found([figures('r', { what: 'trade BTC/USDT sell' })], [figures('e')]), NONE);
  });
});
