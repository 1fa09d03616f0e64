import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { eventually } from '../../support/eventually.ts';
import { KrakenAccounts } from '../../support/kraken-accounts.ts';
import { watch } from '../../support/log-watch.ts';
import { UNLIMITED } from '../../support/routes/door.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';

const DAY = 86_400_000;
const START = Date.UTC(2011, 6, 2);

describe('an account at Kraken', () => {
  const clock = new ShiftedClock();
  let app: TestApp;
  let owner: TestUser;
  let kraken: KrakenAccounts;
  let path: string;

  before(async () => {
    kraken = await new KrakenAccounts().start();
    watch.learn(kraken.secretKey);
    app = await startApp({
      clock,
      env: {
        ACCOUNT_POLL_S: '5',
        ...UNLIMITED,
        EXCHANGE_URLS: `kraken=${kraken.url}#unpaced`,
        SECRETS_KEY: 'a key that only the tests of accounts use',
      },
    });
    owner = await app.user();
    // Not before the log-in: tokens are checked by the real clock.
    clock.shift = START + 60 * DAY - Date.now();
    const { body } = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Own' } });
    path = `/v1/portfolios/${body.id}`;
  });
  after(async () => {
    await app.close();
    await kraken.stop();
  });

  async function account(): Promise<{
    id: string;
    reconciled: boolean | null;
    failure: object | null;
    lastSuccessAt: string | null;
  }> {
    return (await app.call('GET', `${path}/accounts`, { as: owner })).body.items[0];
  }

  async function agreed(holdings: Record<string, string>): Promise<void> {
    await eventually(async () => {
      const { reconciled, failure } = await account();
      assert.equal(failure, null, JSON.stringify(failure));
      return reconciled === true;
    }, 'agreeing with the exchange');
    const { body } = await app.call('GET', `${path}/holdings?limit=100`, { as: owner });
    const held = body.items.map(({ asset, quantity }: { asset: string; quantity: string }) => [
      asset,
      quantity,
    ]);
    assert.deepEqual(Object.fromEntries(held), holdings);
  }

  it('comes to its balances, the fees of trades, deposits and withdrawals included', async () => {
    kraken.row('deposit', 'ZEUR', '2000', { at: START, fee: '1' });
    const fill = { price: '87000.1', volume: '0.01', fee: '1.392', at: START + DAY };
    const [side] = kraken.trade(['XXBT', 'ZEUR'], 'buy', fill);
    kraken.row('withdrawal', 'XXBT', '-0.005', { at: START + 2 * DAY, fee: '0.00002' });
    kraken.row('staking', 'DOT.S', '0.01234567', { at: START + 3 * DAY });
    kraken.allocate('DOT', '0.0125', START + 4 * DAY);
    const connected = await app.call('POST', `${path}/accounts`, { as: owner, body: kraken.input });
    assert.equal(connected.status, 201, JSON.stringify(connected.body));
    await agreed({ EUR: '1127.607', BTC: '0.00498', DOT: '0.01234567' });
    // A file of the same ledger changes nothing: it has the same ids.
    const refid = String(side?.body['refid']);
    const file = [
      'txid,refid,time,type,subtype,aclass,asset,amount,fee,balance',
      `L1,${refid},2011-07-03 00:00:00,trade,tradespot,currency,ZEUR,-870.0010,1.3920,1128.6070`,
      `L2,${refid},2011-07-03 00:00:00,trade,tradespot,currency,XXBT,0.0100000000,0,0.0100000000`,
    ].join('\n');
    const imported = await fetch(`${app.url}${path}/trades/import`, {
      method: 'POST',
      headers: { authorization: owner.authorization, 'content-type': 'text/csv' },
      body: file,
    });
    const { accepted, duplicates } = (await imported.json()) as Record<string, number>;
    assert.deepEqual([accepted, duplicates], [0, 1]);
    kraken.trade(['XXBT', 'ZEUR'], 'buy', { ...fill, volume: '0.001', at: clock.now() - 3_000 });
    const { id, lastSuccessAt: seen } = await account();
    await app.call('POST', `${path}/accounts/${id}/sync`, { as: owner });
    await eventually(async () => (await account()).lastSuccessAt !== seen, 'another look');
    await agreed({ EUR: '1039.2149', BTC: '0.00598', DOT: '0.01234567' });
  });
});
