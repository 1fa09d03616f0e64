import assert from 'node:assert/strict';
import { StreamClient } from '../../support/stream-client.ts';
import { bookkeeper } from '../../support/routes/bookkeeper.ts';
import { eachApp } from '../../support/routes/each-app.ts';

eachApp('an amount without a price', (app) => {
  const books = bookkeeper(app);
  const fill = {
    externalId: 't1',
    exchange: 'binance',
    symbol: 'BTC/KRW',
    side: 'buy',
    quantity: '0.5',
    price: '10000000',
    fee: { amount: '0.001', currency: 'BNB' },
    time: '2026-03-02T12:00:00.000Z',
  };

  it('is valued at a conversion of base currency, as at a trade', async () => {
    const path = await books.portfolio();
    const id = path.split('/').at(-1) ?? '';
    const stream = new StreamClient(`${app().url}/v1/streams?channels=ledger:${id}`, {
      headers: { authorization: books.user().authorization },
    });
    await stream.ready();
    const converted = {
      kind: 'convert',
      from: [{ asset: 'KRW', quantity: '85000' }],
      to: { asset: 'BNB', quantity: '0.1' },
      time: '2026-03-02T11:00:00Z',
    };
    await books.post(`${path}/entries`, converted);
    const swept = await books.post(`${path}/entries`, {
      ...converted,
      from: [{ asset: 'LTC', quantity: '0.5' }],
      to: { asset: 'BNB', quantity: '0.01' },
      time: '2026-03-02T12:00:00Z',
    });
    const isValued = (): boolean => stream.of('ledger').some(({ data }) => data.entries?.includes(swept.id));
    await stream.until(isValued, 'the valuation');
    stream.cut();
    assert.equal((await books.get(`${path}/pnl`)).costBasis, '93500');
  });

  it('spoils nothing but itself, and is valued on every figure and stream once its price is loaded', async () => {
    const path = await books.portfolio();
    const id = path.split('/').at(-1) ?? '';
    const opening = { kind: 'deposit', asset: 'KRW', quantity: '20000000', time: '2026-03-01T00:00:00Z' };
    await books.post(`${path}/transfers`, opening);
    const booked = await books.post(`${path}/trades`, fill);
    assert.deepEqual(booked.rates, []);
    await books.price({ 'BTC/KRW': '12000000' });
    const before = await books.get(`${path}/pnl`);
    for (const name of ['equity', 'costBasis', 'unrealizedPnl', 'netContributions', 'totalPnl', 'fees']) {
      assert.notEqual(before[name], null, name);
    }
    assert.deepEqual(before.unvalued, [{ what: 'fee', asset: 'BNB', quantity: '0.001' }]);
    assert.equal(before.costBasis, '5000000');
    const { warnings, fees } = await books.get(`${path}/trades/stats`);
    assert.deepEqual([fees, warnings[0].code, warnings[0].entries], ['0', 'unvalued-amount', [booked.id]]);
    const list = await books.get(`${path}/trades`);
    assert.deepEqual([list.items[0].feeValue, list.warnings[0].quantity], [null, '0.001']);

    const stream = new StreamClient(`${app().url}/v1/streams?channels=ledger:${id},pnl:${id}`, {
      headers: { authorization: books.user().authorization },
    });
    await stream.ready();
    await books.closes({ 'BNB/USDT': { '2026-03-01': '600' }, 'USDT/KRW': { '2026-02-28': '1400' } });
    await stream.until(() => stream.of('ledger').length > 0, 'the valuation');
    await stream.until(() => stream.of('pnl').at(-1)?.data.fees === '840', 'the figures');
    const { portfolioId, subject, count, entries } = stream.of('ledger')[0]?.data ?? assert.fail();
    assert.deepEqual([portfolioId, subject, count, entries], [id, 'valuation', 1, [booked.id]]);
    stream.cut();

    const after = await books.get(`${path}/pnl`);
    assert.deepEqual([after.costBasis, after.fees, after.unvalued], ['5000840', '840', []]);
    const trade = await books.get(`${path}/trades/${booked.id}`);
    assert.equal(trade.feeValue, '840');
    assert.equal(trade.updatedAt, booked.updatedAt);
    assert.deepEqual(trade.rates, [
      {
        of: 'fee',
        asset: 'BNB',
        rate: '840000',
        source: 'market',
        path: ['BNB/USDT', 'USDT/KRW'],
        time: '2026-02-28T23:59:59.999Z',
        ageMs: 129_600_001,
      },
    ]);
    const again = await books.call('POST', `${path}/trades`, fill);
    assert.equal(again.status, 200, 'the same fill is still the same');
  });

  it('of a reward is missing from equity, which is known, until something prices it', async () => {
    const path = await books.portfolio();
    const drop = { kind: 'income', asset: 'DROP', quantity: '7', time: '2026-03-02T12:00:00Z' };
    const opening = { kind: 'deposit', asset: 'KRW', quantity: '1000', time: '2026-03-01T00:00:00Z' };
    await books.post(`${path}/transfers`, { items: [opening, drop] });
    const before = await books.get(`${path}/pnl`);
    assert.deepEqual([before.equity, before.income, before.totalPnl], ['1000', '0', '0']);
    assert.deepEqual(
      before.unvalued.map(({ what, asset, quantity }: Record<string, string>) => [what, asset, quantity]),
      [
        ['holding', 'DROP', '7'],
        ['reward', 'DROP', '7'],
      ],
    );
    const shown = await books.get(`${path}/holdings`);
    const hidden = await books.get(`${path}/holdings?unpriced=hide`);
    const assets = ({ items }: { items: { asset: string }[] }): string[] => items.map(({ asset }) => asset);
    assert.deepEqual([assets(shown), assets(hidden)], [['DROP', 'KRW'], ['KRW']]);
    const allocation = await books.get(`${path}/allocation`);
    assert.deepEqual(
      allocation.byKind.map(({ marketValue }: { marketValue: string }) => marketValue),
      ['1000', '0'],
    );
    const series = await books.get(`${path}/performance?from=2026-03-01&to=2026-03-10`);
    assert.equal(series.endEquity, '1000');

    const id = path.split('/').at(-1) ?? '';
    const stream = new StreamClient(`${app().url}/v1/streams?channels=ledger:${id}`, {
      headers: { authorization: books.user().authorization },
    });
    await stream.ready();
    await books.post(`${path}/trades`, {
      symbol: 'DROP/KRW',
      side: 'sell',
      quantity: '1',
      price: '3',
      time: '2026-03-02T11:00:00Z',
    });
    await stream.until(
      () => stream.of('ledger').some(({ data }) => data.subject === 'valuation'),
      'the value',
    );
    stream.cut();
    const after = await books.get(`${path}/pnl`);
    assert.deepEqual([after.income, after.unvalued], ['21', []]);
  });
});
