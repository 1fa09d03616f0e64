import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { shown } from '../../support/account-reader.ts';
import { BinanceAccounts } from '../../support/binance-accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { watch } from '../../support/log-watch.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';

const DAY = 86_400_000;
const START = Date.UTC(2020, 11, 1);
const ENV = { ACCOUNT_POLL_S: '5', SECRETS_KEY: 'a key that only the tests of accounts use' };

describe('an account at Binance', () => {
  let app: TestApp;
  let owner: TestUser;
  let binance: BinanceAccounts;
  let clock: ShiftedClock;
  let path: string;

  before(async () => {
    binance = await new BinanceAccounts().start();
    watch.learn(binance.secretKey);
    clock = new ShiftedClock();
    app = await startApp({ clock, env: { ...ENV, EXCHANGE_URLS: `binance=${binance.url}#unpaced` } });
    owner = await app.user();
    // Not before the log-in: tokens are checked by the real clock.
    clock.shift = START + 60 * DAY - Date.now();
    const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Own' } });
    path = `/v1/portfolios/${body.id}`;
  });
  after(async () => {
    await app.close();
    await binance.stop();
  });

  it('is refused while its key may trade, and then comes to what the exchange says', async () => {
    const fee = { asset: 'BNB', amount: '0.0001124' };
    binance.deposit('USDT', '10000', START + DAY);
    binance.cash(0, 'EUR', { amount: '98.5', fee: '1.5', at: START + 2 * DAY });
    binance.convert(['USDT', '20'], ['BNB', '0.06154036'], START + 3 * DAY);
    binance.trade('BTCUSDT', true, { price: '18000.01', qty: '0.1', at: START + 4 * DAY, fee });
    binance.trade('ETHBTC', true, { price: '0.03456', qty: '0.0123', at: START + 5 * DAY, fee });
    binance.deposit('LTC', '0.000006', START + 6 * DAY, { isOld: true });
    binance.sweep([['LTC', '0.000006', '0.00000267']], START + 7 * DAY);
    binance.reward('DOT', '0.5', START + 8 * DAY);
    const leaving = binance.withdraw('USDT', { amount: '9', fee: '1', at: START + 9 * DAY });
    binance.finish(leaving, START + 9 * DAY + 60_000);
    const credentials = { apiKey: binance.apiKey, secret: binance.secretKey };
    const connect = () =>
      app.call('POST', `${path}/accounts`, {
        as: owner,
        body: { exchange: 'binance', label: 'Binance', credentials },
      });
    binance.rights = { ...binance.rights, enableSpotAndMarginTrading: true };
    const refused = await connect();
    assert.equal(refused.status, 422, JSON.stringify(refused.body));
    assert.equal(refused.body.errors[0].code, 'trading-key');
    binance.rights = { ...binance.rights, enableSpotAndMarginTrading: false };
    const connected = await connect();
    assert.equal(connected.status, 201, JSON.stringify(connected.body));
    await eventually(async () => {
      const { body } = await app.call('GET', `${path}/accounts`, { as: owner });
      const [account] = body.items;
      assert.equal(account.failure, null, JSON.stringify(account));
      return account.reconciled === true;
    }, 'agreeing with the exchange');
    const { body } = await app.call('GET', `${path}/accounts/${connected.body.id}/reconciliation`, {
      as: owner,
    });
    assert.deepEqual(
      body.balances
        .filter(({ exchange }: Record<string, string>) => exchange !== '0')
        .map(({ asset, exchange, status }: Record<string, string>) => [asset, exchange, status]),
      Object.entries(shown(binance.balances))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([asset, amount]) => [asset, amount, 'agreed']),
    );
  });

  it('books a fill that its stream tells before any list shows it, once', async () => {
    const [account] = (await app.call('GET', `${path}/accounts`, { as: owner })).body.items;
    await eventually(() => binance.listeners === 1, 'a listener');
    binance.refuse = (asked) => (asked === '/api/v3/myTrades' ? { status: 200, body: [] } : null);
    const at = clock.now();
    const trade = { price: '17123.45', qty: '0.00012345', at, fee: { asset: 'BNB', amount: '0.0000321' } };
    const id = binance.trade('BTCUSDT', true, trade);
    const booked = async (): Promise<object[]> => {
      const { body } = await app.call('GET', `${path}/trades?limit=100`, { as: owner });
      return body.items.filter(({ externalId }: { externalId: string }) => externalId === `BTCUSDT-${id}`);
    };
    await eventually(async () => (await booked()).length === 1, 'the fill', { everyMs: 50 });
    binance.refuse = () => null;
    await app.call('POST', `${path}/accounts/${account.id}/sync`, { as: owner });
    await eventually(
      async () => {
        const { body } = await app.call('GET', `${path}/accounts/${account.id}`, { as: owner });
        return body.reconciled === true && Date.parse(body.lastSuccessAt) > at;
      },
      'agreeing with the exchange',
      { everyMs: 50 },
    );
    assert.equal((await booked()).length, 1);
  });

  it('stops when its key may trade all of a sudden, and goes on at once when that is allowed', async () => {
    const [{ id }] = (await app.call('GET', `${path}/accounts`, { as: owner })).body.items;
    const phase = async (): Promise<string> =>
      (await app.call('GET', `${path}/accounts/${id}`, { as: owner })).body.phase;
    binance.rights = { ...binance.rights, enableSpotAndMarginTrading: true };
    // Rights are read once a day.
    clock.shift += DAY + 60_000;
    await app.call('POST', `${path}/accounts/${id}/sync`, { as: owner });
    await eventually(async () => (await phase()) === 'stopped', 'stopping', { everyMs: 50 });
    const body = { allowTradingKey: true };
    const changed = await app.call('PATCH', `${path}/accounts/${id}`, { as: owner, body });
    assert.deepEqual([changed.body.phase, changed.body.failure], ['waiting', null]);
    await eventually(async () => (await phase()) === 'current', 'going on', { everyMs: 50 });
  });
});
