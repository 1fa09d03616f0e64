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

  async function loadFile(text: string, query = '', type = 'text/csv'): Promise<Answer> {
    const admin = await app().user('admin');
    const path = `/v1/market/rates${query}`;
    return await app().call('POST', path, { as: admin, body: text, headers: { 'content-type': type } });
  }
  const rateAt = (asset: string, time: string) =>
    get(`/v1/market/rates?asset=${asset}&currency=KRW&time=${time}`);

  it('are loaded from a file too, whose dates hold from a time of day on, in a zone', async () => {
    const file =
      'symbol,date,rate\nUSD/KRW,2025-03-03,1440.5\nEUR/KRW,2025-03-03,1525.25\nUSD/KRW,2025-03-04,1450\n';
    const { status, body } = await loadFile(file, '?tz=Asia/Seoul&at=08:30');
    assert.deepEqual([status, body], [200, { accepted: 3 }]);
    assert.equal((await rateAt('USD', '2025-03-02T23:29:59.999Z')).rate, null, 'not before it is published');
    assert.deepEqual(await rateAt('USD', '2025-03-02T23:30:00Z'), {
      asset: 'USD',
      currency: 'KRW',
      rate: '1440.5',
      path: ['USD/KRW'],
      time: '2025-03-02T23:30:00.000Z',
    });
    assert.equal((await rateAt('EUR', '2025-03-03T00:00:00Z')).rate, '1525.25');
    assert.equal((await rateAt('USD', '2025-03-03T23:30:00Z')).rate, '1450');
  });

  it('are read from what spreadsheets and banks write', async () => {
    const bank = '일자;매매기준율\n2025. 4. 1;1.465,30\n2025. 4. 2;1.470,00\n';
    assert.equal((await loadFile(bank, '?tz=%2B09:00&symbol=USD/KRW')).status, 200);
    assert.equal((await rateAt('USD', '2025-03-31T15:00:00Z')).rate, '1465.3');
    const machine = '\n\uFEFFsymbol\ttime\trate\r\nUSD/KRW\t2025-05-01T00:00:00Z\t1420.125\r\n\r\n';
    assert.equal((await loadFile(machine, '', 'text/tab-separated-values')).status, 200);
    assert.equal((await rateAt('USD', '2025-05-01T00:00:00Z')).rate, '1420.125');
    const korean = Buffer.from('c0cfc0da2cc8afc0b20a323032352d30362d30322c313339302e350a', 'hex');
    const { authorization } = await app().user('admin');
    const answer = await fetch(`${app().url}/v1/market/rates?tz=UTC&symbol=USD/KRW`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'text/csv' },
      body: korean,
    });
    assert.deepEqual(await answer.json(), { accepted: 1 }, 'EUC-KR');
    assert.equal((await rateAt('USD', '2025-06-02T00:00:00Z')).rate, '1390.5');
  });

  it('are refused as a whole where a file could mean two things, by line and column', async () => {
    const rows = (...lines: string[]): string => ['symbol,date,rate', ...lines].join('\n');
    for (const [text, query, line, column] of [
      [rows('USD/KRW,2025-07-01,1400.5'), '', 2, 'date'],
      [rows('USD/KRW,2025-07-01,1400.5', 'USD/KRW,03/04/2025,1401.5'), '?tz=UTC', 2, 'date'],
      [rows('USD/KRW,2025-07-01,"1,234"'), '?tz=UTC', 2, 'rate'],
      [rows('USD/KRW,2025-07-01,0'), '?tz=UTC', 2, 'rate'],
      [rows('USD/KRW,2025-07-01,'), '?tz=UTC', 2, 'rate'],
      [rows('USD/KRW,2025-02-30,1400.5'), '?tz=UTC', 2, 'date'],
      [rows('USD/KRW,2099-02-03,1400.5'), '?tz=UTC', 2, 'date'],
      [rows('USDKRW,2025-07-01,1400.5'), '?tz=UTC', 2, 'symbol'],
      [rows(',2025-07-01,1400.5'), '?tz=UTC', 2, 'symbol'],
      [rows('USD/KRW,2025-07-01,1400.5'), '?tz=UTC&symbol=EUR/KRW', 2, 'symbol'],
      [rows('USD/KRW,2025-07-01,1400.5', 'USD/KRW,2025-07-01,1400.6'), '?tz=UTC', 3, 'date'],
      [rows('USD/KRW,2025-07-01 00:00:01,1400.5'), '?tz=UTC', 2, 'date'],
    ] as const) {
      const answer = await loadFile(text, query);
      assertProblem(answer, 400, 'invalid-request', text);
      const [error] = answer.body.errors;
      assert.deepEqual([error.line, error.column], [line, column], `${text} ${JSON.stringify(error)}`);
    }
    assert.equal((await rateAt('USD', '2025-07-02T00:00:00Z')).rate, '1390.5', 'nothing of them was loaded');
    const lacking = await loadFile('symbol,rate\nUSD/KRW,1400.5\n', '?tz=UTC');
    assertProblem(lacking, 400, 'malformed-csv');
    assert.match(lacking.body.detail, /time/);
    assertProblem(await loadFile('symbol,date,rate\n', '?tz=UTC'), 400, 'malformed-csv');
    assertProblem(await loadFile('', '?tz=UTC'), 400, 'malformed-csv');
    const tooLong = `symbol,date,rate\n${'USD/KRW,2025-07-01,1400.5\n'.repeat(20_001)}`;
    assertProblem(await loadFile(tooLong, '?tz=UTC'), 413, 'payload-too-large');
    assertProblem(await loadFile(tooLong.repeat(3), '?tz=UTC'), 413, 'payload-too-large');
  });

  it('of a JSON body take no parameter of a file', async () => {
    const admin = await app().user('admin');
    const body = { symbol: 'USD/KRW', rate: '1442.1', time: '2026-03-02T00:00:00Z' };
    const answer = await app().call('POST', '/v1/market/rates?tz=UTC', { as: admin, body });
    assertProblem(answer, 400, 'invalid-request');
    assertNames(answer, ['tz']);
  });
});
