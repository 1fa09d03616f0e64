import assert from 'node:assert/strict';
import type { AccountNews, OpenAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { openBinance } from '../../../../streams/accounts/exchanges/binance.ts';
import { openBithumb } from '../../../../streams/accounts/exchanges/bithumb.ts';
import { openCoinone } from '../../../../streams/accounts/exchanges/coinone.ts';
import { PrivateStream } from '../../../../streams/accounts/exchanges/private-stream.ts';
import { openUpbit } from '../../../../streams/accounts/exchanges/upbit.ts';
import { BinanceAccounts } from '../../../support/binance-accounts.ts';
import { BithumbAccounts } from '../../../support/bithumb-accounts.ts';
import { CoinoneAccounts } from '../../../support/coinone-accounts.ts';
import { eventually } from '../../../support/eventually.ts';
import type { AccountServer } from '../../../support/account-server.ts';
import { UpbitAccounts } from '../../../support/upbit-accounts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const AT = Date.UTC(2026, 0, 2);

describe('a private stream', () => {
  let server: AccountServer;
  let stream: PrivateStream;
  let clock: VirtualClock;
  let news: AccountNews[];
  let lost: string[];

  async function listen(open: OpenAdapter, credentials: { apiKey: string; secret: string }): Promise<void> {
    const { live } = await open({ credentials, url: { base: server.url, isPaced: false } });
    assert.ok(live);
    news = [];
    lost = [];
    clock = new VirtualClock();
    stream = new PrivateStream({
      protocol: live.stream,
      clock,
      random: () => 0.5,
      onNews: (each) => news.push(each),
      onLoss: (reason) => lost.push(reason),
    });
  }

  const upbit = async (): Promise<UpbitAccounts> => {
    const started = await new UpbitAccounts().start();
    server = started;
    return started;
  };

  afterEach(async () => {
    await stream.close();
    await server.stop();
    assert.equal(clock.pending, 0);
  });

  it('of Upbit tells which orders were filled, and asks for a pass once it is open', async () => {
    const started = await upbit();
    await listen(openUpbit, { apiKey: started.accessKey, secret: started.secretKey });
    await started.untilOpened(1);
    const order = started.order('KRW-BTC', 'bid', AT);
    const { uuid: fill } = started.fill(order, { price: '1000', volume: '1', at: AT });
    await eventually(() => news.length >= 3, 'three messages');
    assert.deepEqual(news, [
      { entries: [], hints: [], isDue: true },
      { entries: [], hints: [{ order: order.uuid, fill }], isDue: false },
      { entries: [], hints: [], isDue: true },
    ]);
  });

  it('of Bithumb does the same', async () => {
    const started = await new BithumbAccounts().start();
    server = started;
    await listen(openBithumb, { apiKey: started.accessKey, secret: started.secretKey });
    await started.untilOpened(1);
    const order = started.order('KRW-BTC', 'bid', AT);
    const { uuid: fill } = started.fill(order, { price: '1000', volume: '1', at: AT });
    await eventually(() => news.length >= 2, 'two messages');
    assert.deepEqual(news[1]?.hints, [{ order: order.uuid, fill }]);
  });

  it('of Binance tells fills as lists have them, by the clock of the exchange', async () => {
    const started = await new BinanceAccounts().start();
    server = started;
    started.clockShift = 60_000;
    await listen(openBinance, { apiKey: started.apiKey, secret: started.secretKey });
    await eventually(() => lost.length === 1, 'refused for the time');
    assert.deepEqual(lost, ['-1021']);
    await clock.advance(1_000);
    await started.untilOpened(1);
    const fee = { asset: 'BNB', amount: '0.0001124' };
    const id = started.trade('BTCUSDT', true, { price: '18000.01', qty: '0.00012345', at: AT, fee });
    await eventually(() => news.some(({ entries }) => entries.length > 0), 'a fill');
    assert.deepEqual(
      news.flatMap(({ entries }) => entries),
      [
        {
          kind: 'trade',
          exchange: 'binance',
          externalId: `BTCUSDT-${id}`,
          orderId: String(10_000 + id),
          symbol: 'BTC/USDT',
          side: 'buy',
          quantity: '0.00012345',
          price: '18000.009963547995139733',
          fee: { amount: '0.0001124', currency: 'BNB' },
          time: AT,
          sequence: id,
        },
      ],
    );
  });

  it('of Coinone tells which fills to look up, and is kept open by messages of its own', async () => {
    const started = await new CoinoneAccounts().start();
    server = started;
    await listen(openCoinone, { apiKey: started.accessToken, secret: started.secretKey });
    await started.untilOpened(1);
    const { id: fill, body } = started.trade('BTC', 'buy', { price: '1000', qty: '1', at: AT + 456 });
    await eventually(() => news.length >= 4, 'four messages');
    const hint = { entries: [], hints: [{ order: body['order_id'], fill, at: AT }], isDue: false };
    const due = { entries: [], hints: [], isDue: true };
    assert.deepEqual(news, [due, hint, hint, due]);
    await clock.advance(20_000);
    await eventually(() => started.pings === 1, 'a message while it was heard');
    started.isFrozen = true;
    await eventually(async () => {
      await clock.advance(20_000);
      return lost.length > 0;
    }, 'giving up');
    assert.deepEqual(lost, ['silent']);
  });

  it('is connected to again after a pause that grows', async () => {
    const started = await upbit();
    await listen(openUpbit, { apiKey: started.accessKey, secret: started.secretKey });
    for (const [n, ms] of [500, 1_000, 2_000].entries()) {
      await started.untilOpened(n + 1);
      started.cut();
      await eventually(() => lost.length === n + 1, 'the loss');
      await clock.advance(ms - 1);
      assert.equal(started.opened, n + 1);
      await clock.advance(1);
    }
    await started.untilOpened(4);
    assert.deepEqual(lost, ['closed.1006', 'closed.1006', 'closed.1006']);
  });

  it('is given up when it is silent, and not while it answers', async () => {
    const started = await upbit();
    await listen(openUpbit, { apiKey: started.accessKey, secret: started.secretKey });
    await started.untilOpened(1);
    const { pings } = started;
    // Heard at first, then asked.
    await clock.advance(40_000);
    await eventually(() => started.pings > pings, 'a ping');
    await eventually(() => started.pongs === started.pings, 'its answer');
    started.isFrozen = true;
    await eventually(async () => {
      await clock.advance(20_000);
      return lost.length > 0;
    }, 'giving up');
    assert.deepEqual(lost, ['silent']);
    started.isFrozen = false;
    await clock.advance(60_000);
    await started.untilOpened(2);
  });

  it('says why it was refused, without what was sent', async () => {
    const started = await upbit();
    await listen(openUpbit, { apiKey: 'another key', secret: started.secretKey });
    await eventually(() => lost.length === 1, 'the refusal');
    assert.deepEqual(lost, ['HTTP.401']);
    assert.deepEqual(news, []);
  });
});
