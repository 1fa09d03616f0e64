import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { ExchangeServer } from '../../support/exchanges/exchange-server.ts';
import { krakenProtocol, upbitProtocol } from '../../support/exchanges/protocols.ts';
import { openInMemory } from '../../support/databases.ts';
import { neededSymbols } from '../../../db/ledger/rates/needed-symbols.ts';

describe('a live feed and what portfolios hold', () => {
  let server: ExchangeServer;
  let app: TestApp;
  let user: TestUser;

  before(async () => {
    server = await ExchangeServer.start(upbitProtocol(['BTC/KRW', 'ETH/KRW', 'XRP/KRW', 'SOL/KRW']));
    app = await startApp({
      env: { MARKET_FEED: `ccxt:upbit?symbols=BTC/KRW&ws=${server.ws}&rest=${server.rest}` },
    });
    user = await app.user('admin');
  });
  after(async () => {
    await app.close();
    await server.stop();
  });

  it('brings prices of what is held, and of benchmarks, though nobody named them', async () => {
    await server.subscribed(1);
    const settings = { name: 'Books', benchmark: 'SOL/KRW' };
    const { body: portfolio } = await app.call('POST', '/v1/portfolios', { as: user, body: settings });
    const fill = (symbol: string, side: string, day: number): object => ({
      symbol,
      side,
      quantity: '1',
      price: '100',
      time: `2026-08-0${day}T00:00:00Z`,
    });
    const items = [
      fill('ETH/KRW', 'buy', 1),
      fill('XRP/KRW', 'buy', 1),
      fill('XRP/KRW', 'sell', 2),
      fill('NO/KRW', 'buy', 1),
    ];
    await app.call('POST', `/v1/portfolios/${portfolio.id}/trades`, { as: user, body: { items } });
    assert.deepEqual(await neededSymbols(app.services.db, 10), ['ETH/KRW', 'NO/KRW', 'SOL/KRW']);
    // A feed looks for it as it connects, and once a minute.
    server.cut();
    await server.subscribed(2);
    await eventually(() => server.subscriptions >= 4, 'the subscriptions that are needed');
    const time = Date.now();
    server.trade({ symbol: 'ETH/KRW', id: 1, time, price: '2500000', amount: '1', side: 'buy' });
    server.trade({ symbol: 'SOL/KRW', id: 2, time, price: '280000', amount: '1', side: 'buy' });
    server.trade({ symbol: 'XRP/KRW', id: 3, time, price: '3900', amount: '1', side: 'buy' });
    await eventually(async () => {
      const { body } = await app.call('GET', '/v1/market/tickers', { as: user });
      return body.items.map(({ symbol }: { symbol: string }) => symbol).join() === 'ETH/KRW,SOL/KRW';
    }, 'their prices, and no other');
  });

  it('brings the rates of currencies through two exchanges, and each valuation tells its path', async () => {
    const kraken = await ExchangeServer.start(krakenProtocol(['BTC/USD', 'USDT/USD', 'EUR/USD']));
    const upbit = await ExchangeServer.start(upbitProtocol(['BTC/KRW', 'USDT/KRW']));
    const feeds = [
      `ccxt:upbit?symbols=BTC/KRW&ws=${upbit.ws}&rest=${upbit.rest}`,
      `ccxt:kraken?symbols=BTC/USD&ws=${kraken.ws}&rest=${kraken.rest}`,
    ];
    const both = await startApp({ env: { MARKET_FEED: feeds.join(',') } });
    try {
      const owner = await both.user();
      const call = (method: string, path: string, body?: object) =>
        both.call(method, path, { as: owner, body });
      const { body: portfolio } = await call('POST', '/v1/portfolios', {
        name: 'Dollars',
        baseCurrency: 'KRW',
      });
      const deposit = { kind: 'deposit', asset: 'USD', quantity: '100', time: '2026-08-01T00:00:00Z' };
      await call('POST', `/v1/portfolios/${portfolio.id}/transfers`, deposit);
      assert.deepEqual(await neededSymbols(both.services.db, 10), ['BTC/KRW', 'USD/KRW']);
      await Promise.all([upbit.subscribed(1), kraken.subscribed(1)]);
      upbit.cut();
      kraken.cut();
      await eventually(() => upbit.subscriptions >= 3 && kraken.subscriptions >= 3, 'what is needed');
      const time = Date.now();
      upbit.trade({ symbol: 'USDT/KRW', id: 1, time, price: '1430', amount: '1', side: 'buy' });
      kraken.trade({ symbol: 'USDT/USD', id: 2, time, price: '1.001', amount: '1', side: 'buy' });
      const rate = await eventually(async () => {
        const { body } = await call('GET', '/v1/market/rates?asset=USD&currency=KRW');
        return body.rate === null ? null : body;
      }, 'the rate');
      assert.deepEqual(rate.path, ['USDT/USD', 'USDT/KRW']);
      assert.equal(rate.rate.slice(0, 12), '1428.5714285');
    } finally {
      await both.close();
      await Promise.all([upbit.stop(), kraken.stop()]);
    }
  });

  it('needs nothing where there is no portfolio', async () => {
    const { knex, close } = await openInMemory();
    try {
      assert.deepEqual(await neededSymbols(knex, 10), []);
    } finally {
      await close();
    }
  });
});
