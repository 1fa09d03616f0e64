import assert from 'node:assert/strict';
import type { AccountAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { openUpbit } from '../../../../streams/accounts/exchanges/upbit.ts';
import { AccountReader, failureOf, shown } from '../../../support/account-reader.ts';
import { orderLife } from '../../../support/order-life.ts';
import { UpbitAccounts } from '../../../support/upbit-accounts.ts';

const DAY = 86_400_000;
/** The first day of Upbit. */
const START = Date.UTC(2017, 9, 24);

describe('the adapter of Upbit', () => {
  let upbit: UpbitAccounts;
  let adapter: AccountAdapter;

  beforeEach(async () => {
    upbit = await new UpbitAccounts().start();
    adapter = await open();
  });
  afterEach(() => upbit.stop());

  async function open(
    credentials = { apiKey: upbit.accessKey, secret: upbit.secretKey },
  ): Promise<AccountAdapter> {
    return await openUpbit({ credentials, url: { base: upbit.url, isPaced: false } });
  }

  it('comes to the balances of the exchange after every look, whatever the account did', async function () {
    this.timeout(120_000);
    await orderLife(
      START,
      async (rows) => {
        await upbit.stop();
        upbit = await new UpbitAccounts().start();
        upbit.windowOrders = rows;
        return upbit;
      },
      async (rows) => {
        const credentials = { apiKey: upbit.accessKey, secret: upbit.secretKey };
        return await openUpbit(
          { credentials, url: { base: upbit.url, isPaced: false } },
          { window: rows, page: rows },
        );
      },
    );
  });

  it('divides a window that has more orders than Upbit gives', async () => {
    upbit.windowOrders = 3;
    for (let hour = 0; hour < 20; hour += 1)
      upbit.trade('KRW-BTC', 'bid', { price: '95000000', volume: '0.006', at: START + hour * 3_600_000 });
    const reader = new AccountReader(
      await openUpbit(
        {
          credentials: { apiKey: upbit.accessKey, secret: upbit.secretKey },
          url: { base: upbit.url, isPaced: false },
        },
        { window: 3, page: 100 },
      ),
    );
    await reader.read(START + 2 * DAY);
    assert.deepEqual(reader.sums, shown(upbit.balances));
  });

  it('comes to an end where more orders were made in a minute than a window gives', async () => {
    for (let n = 0; n < 40; n += 1) {
      upbit.trade('KRW-BTC', 'bid', { price: '1000', volume: '1', at: START + DAY + n * 1_000 });
    }
    const reader = new AccountReader(
      await openUpbit(
        {
          credentials: { apiKey: upbit.accessKey, secret: upbit.secretKey },
          url: { base: upbit.url, isPaced: false },
        },
        { window: 3, page: 100 },
      ),
    );
    for (const seconds of [20, 40, 60, 80]) {
      await reader.read(START + DAY + seconds * 1_000);
      assert.ok(upbit.requests.length < 2_000, `${upbit.requests.length} requests`);
    }
    assert.deepEqual(reader.sums, shown(upbit.balances));
  });

  it('gives each fill once, with its order, its microseconds and its part of the fee', async () => {
    const order = upbit.order('KRW-BTC', 'bid', START + DAY, 'price');
    upbit.fill(order, { price: '137990000', volume: '0.0005', at: START + DAY });
    upbit.fill(order, { price: '137999000', volume: '0.00022463', at: START + DAY });
    upbit.close(order, 'cancel');
    const { entries } = await adapter.page('orders', null, START + 2 * DAY);
    assert.deepEqual(entries, [
      {
        kind: 'trade',
        exchange: 'upbit',
        externalId: order.fills[0]?.uuid,
        orderId: order.uuid,
        type: 'price',
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '0.0005',
        price: '137990000',
        fee: { amount: '34.4975', currency: 'KRW' },
        time: START + DAY,
        sequence: 0,
      },
      {
        kind: 'trade',
        exchange: 'upbit',
        externalId: order.fills[1]?.uuid,
        orderId: order.uuid,
        type: 'price',
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '0.00022463',
        price: '137999000',
        fee: { amount: '15.49935768', currency: 'KRW' },
        time: START + DAY,
        sequence: 1,
      },
    ]);
  });

  it('finds a deposit that is listed late, before a page that was full', async () => {
    const reader = new AccountReader(
      await openUpbit(
        {
          credentials: { apiKey: upbit.accessKey, secret: upbit.secretKey },
          url: { base: upbit.url, isPaced: false },
        },
        { window: 100, page: 2 },
      ),
    );
    const late = upbit.move('deposit', 'XRP', { amount: '1', at: START + DAY });
    late.isLate = true;
    for (let n = 1; n <= 6; n += 1)
      upbit.move('deposit', 'XRP', { amount: '10', at: START + DAY + n * 60_000 });
    await reader.read(START + 2 * DAY);
    assert.deepEqual(reader.sums, { XRP: '60' });
    late.isLate = false;
    await reader.read(START + 7 * DAY);
    assert.deepEqual(reader.sums, shown(upbit.balances));
    // Later there is nothing to go back for.
    upbit.requests.length = 0;
    await reader.read(START + 30 * DAY);
    assert.equal(upbit.requests.filter((request) => request.startsWith('/v1/deposits?')).length, 1);
  });

  it('finds a deposit that comes after another one was taken out of a full page', async () => {
    const reader = new AccountReader(
      await openUpbit(
        {
          credentials: { apiKey: upbit.accessKey, secret: upbit.secretKey },
          url: { base: upbit.url, isPaced: false },
        },
        { window: 100, page: 2 },
      ),
    );
    for (let n = 1; n <= 2; n += 1) upbit.move('deposit', 'XRP', { amount: '10', at: START + n * DAY });
    const refused = upbit.move('deposit', 'XRP', { amount: '1', at: START, state: 'CANCELLED' });
    upbit.move('deposit', 'XRP', { amount: '10', at: START + 3 * DAY });
    await reader.read(START + 100 * DAY);
    refused.isLate = true;
    upbit.move('deposit', 'XRP', { amount: '100', at: START + 101 * DAY });
    await reader.read(START + 102 * DAY);
    assert.deepEqual(reader.sums, shown(upbit.balances));
  });

  const REFUSALS: [string, string, number, string, Record<string, string>?][] = [
    ['an expired key', 'key-expired', 401, '{"error":{"name":"expired_access_key","message":"만료"}}'],
    ['an address that is not listed', 'address-not-allowed', 401, '{"error":{"name":"no_authorization_ip"}}'],
    ['the other spelling of it', 'address-not-allowed', 401, '{"error":{"name":"no_authorization_i_p"}}'],
    [
      'too many requests, as JSON',
      'rate-limited',
      429,
      '{"error":{"name":"too_many_requests"}}',
      { 'retry-after': '7' },
    ],
    ['too many requests, as text', 'rate-limited', 429, 'Too many API requests.'],
    ['a ban', 'banned', 418, '{"error":{"name":"too_many_requests","message":"60초"}}'],
    ['a fault of the server, as JSON', 'unreachable', 500, '{"error":{"name":"server_error"}}'],
    ['maintenance', 'maintenance', 503, '<html><title>503 Service Temporarily Unavailable</title></html>'],
    ['nonsense', 'unreadable-answer', 200, '{"unexpected":true}'],
  ];
  for (const [what, code, status, body, headers] of REFUSALS) {
    it(`tells ${what}`, async () => {
      upbit.refuse = () => ({ status, body, ...(headers && { headers }) });
      const failure = await failureOf(adapter.balances());
      assert.equal(failure.code, code);
      assert.equal(failure.retryAfterMs, headers === undefined ? undefined : 7_000);
    });
  }

  it('tells a wrong key, a wrong secret, a missing right, and an exchange that is away', async () => {
    const wrong = await open({ apiKey: 'another', secret: upbit.secretKey });
    assert.equal((await failureOf(wrong.inspect())).code, 'key-rejected');
    const forged = await open({
      apiKey: upbit.accessKey,
      secret: 'another secret of the same length, or so',
    });
    assert.equal((await failureOf(forged.inspect())).code, 'key-rejected');
    upbit.refuse = (path) =>
      path === '/v1/withdraws' ? { status: 403, body: '{"error":{"name":"out_of_scope"}}' } : null;
    const { code, permission } = await failureOf(adapter.inspect());
    assert.deepEqual([code, permission], ['permission-missing', 'withdrawals (출금조회)']);
    const away = await openUpbit({
      credentials: { apiKey: 'a', secret: 'b' },
      url: { base: 'http://127.0.0.1:9', isPaced: false },
    });
    assert.equal((await failureOf(away.balances())).code, 'unreachable');
  });
});
