import assert from 'node:assert/strict';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';
import { assertNames, assertProblem } from '../../support/routes/problems.ts';
import { eventually } from '../../support/eventually.ts';
import type { Answer } from '../../support/app.ts';

eachApp('official rates', (app) => {
  const { call, get, post, portfolio } = bookkeeper(app);

  async function load(body: object): Promise<Answer> {
    const admin = await app().user('admin');
    return await app().call('POST', '/v1/market/rates', { as: admin, body });
  }

  it('value what is in their currency from their time on, until the next one, and are named', async () => {
    const path = await portfolio({ baseCurrency: 'KRW', timeZone: 'Asia/Seoul' });
    const deposit = (time: string, asset = 'USD') => ({ kind: 'deposit', asset, quantity: '100', time });
    await post(`${path}/transfers`, deposit('2026-03-01T23:00:00Z'));
    await post(`${path}/transfers`, deposit('2026-03-02T05:00:00Z'));
    const items = [
      { symbol: 'USD/KRW', rate: '1442.1', time: '2026-03-02T00:00:00Z' },
      { symbol: 'USD/KRW', rate: '1450.5', time: '2026-03-03T00:00:00Z' },
    ];
    assert.deepEqual((await load({ items })).body, { accepted: 2 });
    const [late, early] = await eventually(async () => {
      const listed = (await get(`${path}/transfers`)).items;
      return listed[0].rates.length > 0 ? listed : null;
    }, 'the rate of the deposit');
    assert.deepEqual(
      [late.rates[0].rate, late.rates[0].path, late.rates[0].time],
      ['1442.1', ['USD/KRW'], '2026-03-02T00:00:00.000Z'],
    );
    assert.deepEqual(early.rates, [], 'nothing was published by then');
    const rate = (query: string) => get(`/v1/market/rates?${query}`);
    assert.deepEqual(await rate('asset=USD&currency=KRW&time=2026-03-02T23:59:59Z'), {
      asset: 'USD',
      currency: 'KRW',
      rate: '1442.1',
      path: ['USD/KRW'],
      time: '2026-03-02T00:00:00.000Z',
    });
    assert.equal((await rate('asset=USD&currency=KRW&time=2026-03-03T00:00:00Z')).rate, '1450.5');
    assert.equal((await rate('asset=USD&currency=KRW&time=2026-03-01T23:59:59Z')).rate, null);
    assert.equal((await rate('asset=USD&currency=USD')).rate, '1');
    // Through the dollar, and said so.
    await load({ symbol: 'BTC/USD', rate: '70000', time: '2026-03-02T01:00:00Z' });
    const through = await rate('asset=BTC&currency=KRW&time=2026-03-02T02:00:00Z');
    assert.deepEqual([through.rate, through.path], ['100947000', ['BTC/USD', 'USD/KRW']]);
    // The same once more changes nothing; another one takes its place.
    assert.equal((await load({ ...items[0], rate: '1442.2' })).status, 200);
    assert.equal((await rate('asset=USD&currency=KRW&time=2026-03-02T00:00:00Z')).rate, '1442.2');
  });

  it('are refused by name where they make no sense', async () => {
    const valid = { symbol: 'USD/KRW', rate: '1442.1', time: '2026-03-02T00:00:00Z' };
    for (const [wrong, name] of [
      [{ rate: '0' }, '/rate'],
      [{ rate: '1e3' }, '/rate'],
      [{ symbol: 'USDKRW' }, '/symbol'],
      [{ time: '2026-03-02T00:00:01Z' }, '/time'],
      [{ time: new Date(Math.ceil(Date.now() / 60_000) * 60_000).toISOString() }, '/time'],
    ] as const) {
      const answer = await load({ ...valid, ...wrong });
      assertProblem(answer, 400, 'invalid-request', JSON.stringify(wrong));
      assertNames(answer, [name], JSON.stringify(wrong));
    }
    assertProblem(await call('POST', '/v1/market/rates', valid), 403, 'forbidden');
  });
});
