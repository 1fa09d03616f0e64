import assert from 'node:assert/strict';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { shown } from '../../support/account-reader.ts';
import { CoinoneAccounts, refused } from '../../support/coinone-accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { watch } from '../../support/log-watch.ts';
import { UNLIMITED } from '../../support/routes/door.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { StreamClient } from '../../support/stream-client.ts';

const DAY = 86_400_000;
/** The first day of Coinone: there is little history to read. */
const START = Date.UTC(2014, 7, 1);

describe('an account at Coinone', () => {
  const clock = new ShiftedClock();
  let app: TestApp;
  let owner: TestUser;
  let coinone: CoinoneAccounts;
  let path: string;

  before(async () => {
    coinone = await new CoinoneAccounts().start();
    watch.learn(coinone.secretKey);
    app = await startApp({
      clock,
      env: {
        ACCOUNT_POLL_S: '5',
        ...UNLIMITED,
        EXCHANGE_URLS: `coinone=${coinone.url}#unpaced`,
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
    await coinone.stop();
  });

  async function account(): Promise<{
    id: string;
    reconciled: boolean | null;
    phase: string;
    failure: { code: string } | null;
  }> {
    return (await app.call('GET', `${path}/accounts`, { as: owner })).body.items[0];
  }

  async function agreed(): Promise<void> {
    await eventually(async () => (await account()).reconciled === true, 'agreeing with the exchange');
    const { body } = await app.call('GET', `${path}/holdings?limit=100`, { as: owner });
    const held = body.items.map(({ asset, quantity }: { asset: string; quantity: string }) => [
      asset,
      quantity,
    ]);
    assert.deepEqual(Object.fromEntries(held), shown(coinone.balances));
  }

  it('is read from its first day, then followed, and stops with its key', async () => {
    coinone.move('DEPOSIT', 'KRW', { amount: '10000000', at: START + DAY });
    coinone.trade('BTC', 'buy', { price: '600000', qty: '0.5', at: START + 2 * DAY });
    coinone.move('WITHDRAWAL', 'BTC', { amount: '0.1', fee: '0.0005', at: START + 3 * DAY });
    const connected = await app.call('POST', `${path}/accounts`, { as: owner, body: coinone.input });
    assert.equal(connected.status, 201, JSON.stringify(connected.body));
    await agreed();
    await coinone.untilOpened(1);
    const stream = new StreamClient(`${app.url}/v1/streams?channels=fills:${path.split('/').at(-1)}`, {
      headers: { authorization: owner.authorization },
    });
    const fill = coinone.trade('BTC', 'sell', { price: '610000', qty: '0.2', at: clock.now() });
    await stream.until(() =>
      stream.events.some(({ event, data }) => event === 'fill' && data.trade.externalId === fill.id),
    );
    stream.cut();
    await app.call('POST', `${path}/accounts/${(await account()).id}/sync`, { as: owner });
    await agreed();
    coinone.refuse = () => refused('12', 'Invalid access token');
    await app.call('POST', `${path}/accounts/${(await account()).id}/sync`, { as: owner });
    await eventually(async () => (await account()).phase === 'stopped', 'stopping');
    assert.equal((await account()).failure?.code, 'key-rejected');
  });
});
