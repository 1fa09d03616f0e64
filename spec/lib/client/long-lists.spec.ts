import assert from 'node:assert/strict';
import { createClient, type Handlers, type MarktideError } from '../../../lib/client/index.ts';
import { MAX_CHANNELS } from '../../../streams/core/channel.ts';
import { startApp, type TestApp, type TestUser } from '../../support/app.ts';
import { type CuttingProxy, startCuttingProxy } from '../../support/cutting-proxy.ts';
import { share } from '../../support/share.ts';

/** 26,000 characters. */
const MANY = Array.from(
  { length: MAX_CHANNELS - 1 },
  (_, index) => `candle:${`A${index}`.padEnd(20, 'X')}/${'Y'.repeat(20)}:15m`,
);

describe('the client with a long list of channels', () => {
  let app: TestApp;
  let user: TestUser;
  let proxy: CuttingProxy;

  before(async () => {
    app = await startApp();
    user = await app.user();
    proxy = await startCuttingProxy(app.url);
  });
  after(async () => {
    await proxy.close();
    await app.close();
  });

  /** Subscribes, and lets a test wait for what is told. */
  function open(channels: readonly string[], own: Handlers = {}) {
    let wake = (): void => undefined;
    const told = { channels: [] as string[], trades: [] as string[], errors: [] as MarktideError[] };
    const client = createClient({ url: proxy.url, login: user });
    const subscription = client.subscribe(
      channels,
      {
        ready: (data) => (told.channels = data.channels),
        trade: ({ price }) => {
          told.trades.push(price);
          wake();
        },
        state: () => wake(),
        error: (error) => told.errors.push(error),
        ...own,
      },
      { longestWaitMs: 20 },
    );
    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    return { subscription, told, until };
  }

  async function trade(price: string): Promise<void> {
    const body = { symbol: 'BTC/KRW', price, quantity: '1' };
    const answer = await app.call('POST', '/v1/market/ticks', { as: await app.user('admin'), body });
    assert.equal(answer.status, 200);
  }

  const subscriptions = async (): Promise<{ id: string }[]> =>
    await app.services.db('stream_subscriptions').select('id');

  it('opens as many as there may be, resumes over cuts, and makes another name when the first is forgotten', async () => {
    const { subscription, told, until } = open([...MANY, 'trade:BTC/KRW'], {
      reset: () => assert.fail('nothing was lost'),
    });
    await until(() => subscription.state === 'live');
    assert.equal(told.channels.length, MAX_CHANNELS);
    await trade('1');
    await until(() => told.trades.length === 1);
    const [first, ...more] = await subscriptions();
    assert.equal(more.length, 0);

    proxy.cutAll();
    await trade('2');
    await until(() => told.trades.length === 2 && subscription.state === 'live');
    assert.deepEqual(await subscriptions(), [first]);

    // As after a week of sleep.
    await app.services.db('stream_subscriptions').delete();
    proxy.cutAll();
    await trade('3');
    await until(() => told.trades.length === 3 && subscription.state === 'live');
    assert.notDeepEqual(await subscriptions(), [first]);
    subscription.close();
    await subscription.done;
    assert.deepEqual(told.trades, ['1', '2', '3']);
    assert.deepEqual(told.errors, []);
  });

  it('needs no subscription while the list is short', async () => {
    await app.services.db('stream_subscriptions').delete();
    const { subscription, until } = open(['ticker:*']);
    await until(() => subscription.state === 'live');
    subscription.close();
    await subscription.done;
    assert.deepEqual(await subscriptions(), []);
  });

  it('ends with the reason when there are too many, or when one of them is not to be read any more', async () => {
    const tooMany = open([...MANY, 'ticker:*', 'trade:*']);
    await tooMany.subscription.done;
    assert.deepEqual(
      tooMany.told.errors.map(({ status, type }) => [status, type]),
      [[400, 'invalid-request']],
    );

    const owner = await app.user();
    const mine = await app.call('POST', '/v1/portfolios', { as: owner, body: { name: 'Mine' } });
    await share(app, { portfolioId: mine.body.id, owner, friend: user });
    const shared = open([...MANY, `pnl:${mine.body.id}`]);
    await shared.until(() => shared.subscription.state === 'live');
    await app.call('DELETE', `/v1/portfolios/${mine.body.id}/shares/${user.id}`, { as: owner });
    await shared.subscription.done;
    assert.deepEqual(
      shared.told.errors.map(({ status, type }) => [status, type]),
      [[404, 'not-found']],
    );
  });
});
