import assert from 'node:assert/strict';
import { bookkeeper, units } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { startApp } from '../../support/app.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

eachApp('premiums', (app) => {
  const { call, get, price, closes } = bookkeeper(app);
  const premiums = (query = '') => get(`/v1/market/premiums${query}`);
  const codes = (item: { warnings: { code: string; symbol: string; figures: string[] }[] }): string[] =>
    item.warnings.map(({ code, symbol, figures }) => `${code} ${symbol} ${figures.join('+')}`);

  async function load(rate: string, ageMs: number): Promise<string> {
    const time = new Date(Math.floor((Date.now() - ageMs) / MINUTE) * MINUTE).toISOString();
    const admin = await app().user('admin');
    const body = { symbol: 'USD/KRW', rate, time };
    assert.equal((await app().call('POST', '/v1/market/rates', { as: admin, body })).status, 200);
    return time;
  }

  it('are null while a part is not known, and say which', async () => {
    await price({ 'BTC/KRW': '103000000' });
    assert.deepEqual((await premiums()).items, [], 'nothing to compare it with');
    const [item] = (await premiums('?symbols=BTC/KRW')).items;
    assert.deepEqual([item.official.premium, item.usdt.premium], [null, null]);
    assert.deepEqual([item.local.price, item.foreign.price], ['103000000', null]);
    assert.deepEqual(codes(item), [
      'missing-price BTC/USDT official.premium+usdt.premium',
      'missing-price USD/KRW official.premium',
      'missing-price USDT/KRW usdt.premium',
    ]);
  });

  it('compare the price in won with that in USDT, by the official rate and by that of USDT', async () => {
    await price({ 'BTC/USDT': '70000', 'USDT/KRW': '1420' });
    const time = await load('1400', 2 * MINUTE);
    const { items } = await premiums();
    assert.equal(items.length, 1);
    const [{ local, foreign, official, usdt, ...item }] = items;
    assert.deepEqual(item, { symbol: 'BTC/KRW', base: 'BTC', simulated: false, warnings: [] });
    assert.deepEqual([local.symbol, local.price, local.status], ['BTC/KRW', '103000000', 'live']);
    assert.deepEqual([foreign.symbol, foreign.price, foreign.status], ['BTC/USDT', '70000', 'live']);
    assert.ok(Math.abs(Date.parse(local.asOf) - Date.now()) < 600_000);
    // Every price names the exchange it came from; these were pushed.
    assert.deepEqual([local.exchange, local.feed], [null, 'push']);
    assert.deepEqual(official, {
      rate: {
        symbol: 'USD/KRW',
        price: '1400',
        time,
        asOf: time,
        exchange: null,
        feed: null,
        status: 'stale',
      },
      isProxy: false,
      path: ['BTC/USDT', 'USD/KRW'],
      // 103,000,000 ÷ (70,000 × 1,400) − 1
      premium: '5.1020408163',
    });
    assert.deepEqual([usdt.rate.symbol, usdt.rate.price, usdt.isProxy], ['USDT/KRW', '1420', true]);
    assert.deepEqual(usdt.path, ['BTC/USDT', 'USDT/KRW']);
    assert.equal(usdt.premium, '3.6217303823');
  });

  it('are negative where the won price is the lower one, and 0 where both are equal', async () => {
    await price({ 'BTC/KRW': '98000000', 'USDT/KRW': '1600' });
    const [{ official, usdt }] = (await premiums()).items;
    assert.deepEqual([official.premium, usdt.premium], ['0', '-12.5']);
    assert.ok(units(usdt.premium) < 0n);
  });

  it('are null where a price is not current, or the official rate is older than four days', async () => {
    const yesterday = new Date(Date.now() - DAY).toISOString().slice(0, 10);
    await price({ 'ETH/KRW': '5000000' });
    await closes({ 'ETH/USDT': { [yesterday]: '3500' } });
    const [item] = (await premiums('?symbols=ETH/KRW')).items;
    assert.deepEqual([item.foreign.price, item.foreign.status], ['3500', 'stale']);
    assert.deepEqual([item.official.premium, item.usdt.premium], [null, null]);
    assert.deepEqual(codes(item), ['stale-price ETH/USDT official.premium+usdt.premium']);
  });

  it('are sorted by either basis, with unknown ones last, page by page', async () => {
    await price({ 'XRP/KRW': '4000', 'XRP/USDT': '2' });
    const list = async (query: string): Promise<string> =>
      (await premiums(query)).items.map(({ symbol }: { symbol: string }) => symbol).join();
    assert.equal(await list(''), 'BTC/KRW,ETH/KRW,XRP/KRW');
    assert.equal(await list('?sort=official'), 'XRP/KRW,BTC/KRW,ETH/KRW');
    assert.equal(await list('?sort=usdt&order=asc'), 'BTC/KRW,XRP/KRW,ETH/KRW');
    const first = await premiums('?sort=official&limit=1');
    assert.equal(await list(`?sort=official&limit=2&cursor=${first.nextCursor}`), 'BTC/KRW,ETH/KRW');
  });

  it('are of coins in won only', async () => {
    for (const symbol of ['BTC/USDT', 'USDT/KRW', 'USD/KRW']) {
      const answer = await call('GET', `/v1/market/premiums?symbols=${symbol}`);
      assertProblem(answer, 400, 'invalid-request', symbol);
      assertNames(answer, ['symbols'], symbol);
    }
  });
});

describe('the official rate of a premium', () => {
  it('holds for four days, because it is not published on holidays', async () => {
    const app = await startApp({ env: { MARKET_FEED: 'push' } });
    try {
      const admin = await app.user('admin');
      const send = (path: string, body: object) => app.call('POST', path, { as: admin, body });
      const item = async () =>
        (await app.call('GET', '/v1/market/premiums?symbols=BTC/KRW', { as: admin })).body.items[0];
      const items = Object.entries({ 'BTC/KRW': '103000000', 'BTC/USDT': '70000', 'USDT/KRW': '1420' });
      await send('/v1/market/ticks', { items: items.map(([symbol, price]) => ({ symbol, price })) });
      const loaded = async (ageMs: number, rate: string): Promise<void> => {
        const time = new Date(Math.floor((Date.now() - ageMs) / MINUTE) * MINUTE).toISOString();
        await send('/v1/market/rates', { symbol: 'USD/KRW', rate, time });
      };
      await loaded(4 * DAY + 2 * MINUTE, '1300');
      const old = await item();
      assert.deepEqual([old.official.rate.price, old.official.premium], ['1300', null]);
      assert.equal(old.usdt.premium, '3.6217303823', 'the other basis stands');
      assert.deepEqual(
        old.warnings.map(({ code, symbol }: { code: string; symbol: string }) => [code, symbol]),
        [['stale-price', 'USD/KRW']],
      );
      await loaded(4 * DAY - 60 * MINUTE, '1400');
      const current = await item();
      assert.deepEqual([current.official.premium, current.warnings], ['5.1020408163', []]);
    } finally {
      await app.close();
    }
  });
});
