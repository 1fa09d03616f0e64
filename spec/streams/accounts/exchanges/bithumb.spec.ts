import assert from 'node:assert/strict';
import type { AccountAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { openBithumb } from '../../../../streams/accounts/exchanges/bithumb.ts';
import { AccountReader, failureOf, shown } from '../../../support/account-reader.ts';
import { BithumbAccounts } from '../../../support/bithumb-accounts.ts';
import { orderLife } from '../../../support/order-life.ts';

const DAY = 86_400_000;
const START = Date.UTC(2024, 0, 1);

type Ccxt = Record<string, new (config: object) => CcxtBithumb>;
interface CcxtBithumb {
  urls: { api: Record<string, unknown> };
  privateGetV1Accounts: () => Promise<unknown>;
  setMarkets: (markets: object[]) => void;
  safeMarketStructure: (market: object) => object;
  fetchOrder: (id: string, symbol: string) => Promise<{ filled: number; cost: number }>;
}

describe('the adapter of Bithumb', () => {
  let bithumb: BithumbAccounts;
  let adapter: AccountAdapter;

  beforeEach(async () => {
    bithumb = await new BithumbAccounts().start();
    adapter = await open();
  });
  afterEach(() => bithumb.stop());

  async function open(
    credentials = { apiKey: bithumb.accessKey, secret: bithumb.secretKey },
    rows?: number,
  ): Promise<AccountAdapter> {
    return await openBithumb({ credentials, url: { base: bithumb.url, isPaced: false } }, rows);
  }

  it('comes to the balances of the exchange after every look, whatever the account did', async function () {
    this.timeout(120_000);
    await orderLife(
      START,
      async () => {
        await bithumb.stop();
        bithumb = await new BithumbAccounts().start();
        return bithumb;
      },
      async (rows) => await open({ apiKey: bithumb.accessKey, secret: bithumb.secretKey }, rows),
    );
  });

  it('reads coins and won, and an order that was cancelled after a fill', async () => {
    bithumb.move('deposit', 'KRW', { amount: '1000000', at: START });
    bithumb.move('withdraw', 'XRP', { amount: '5', fee: '0.4', at: START });
    const order = bithumb.order('KRW-BTC', 'bid', START + DAY);
    bithumb.fill(order, { price: '95000000', volume: '0.006', at: START + DAY });
    bithumb.close(order, 'cancel');
    const found: unknown[] = [];
    for (const source of adapter.sources) {
      let page = await adapter.page(source, null, START + 2 * DAY);
      while (true) {
        found.push(
          ...page.entries.map(({ kind, exchange, quantity, time }) => [kind, exchange, quantity, time]),
        );
        if (page.isLast) break;
        page = await adapter.page(source, page.cursor, START + 2 * DAY);
      }
    }
    assert.deepEqual(found, [
      ['trade', 'bithumb', '0.006', START + DAY],
      ['deposit', 'bithumb', '1000000', START + 1_000],
      ['withdrawal', 'bithumb', '5.4', START + 1_000],
    ]);
  });

  it('follows an order that is closed when the pages of its time were read long ago', async () => {
    const reader = new AccountReader(await open({ apiKey: bithumb.accessKey, secret: bithumb.secretKey }, 2));
    const slow = bithumb.order('KRW-XRP', 'bid', START);
    for (let day = 1; day < 8; day += 1)
      bithumb.trade('KRW-BTC', 'bid', { price: '95000000', volume: '0.006', at: START + day * DAY });
    await reader.read(START + 9 * DAY);
    bithumb.fill(slow, { price: '700', volume: '10', at: START + 10 * DAY });
    bithumb.close(slow);
    await reader.read(START + 11 * DAY);
    assert.deepEqual(reader.sums, shown(bithumb.balances));
    // What was read is not asked for again.
    bithumb.requests.length = 0;
    await reader.read(START + 12 * DAY);
    assert.equal(bithumb.requests.filter((request) => request.includes('/v1/order?')).length, 0);
  });

  it('books a deposit of coins by the states that Bithumb has for them', async () => {
    const states = [
      'DEPOSIT_ACCEPTED',
      'REFUNDING_ACCEPTED',
      'REQUESTED_ADMIN_REJECTED',
      'DEPOSIT_PROCESSING',
    ];
    for (const state of states) bithumb.move('deposit', 'XRP', { amount: '1', at: START, state });
    const { entries } = await adapter.page('deposits', null, START + DAY);
    assert.deepEqual(
      entries.map(({ externalId }) => externalId),
      [bithumb.movements[0]?.uuid],
    );
  });

  it('finds an order that is made while the lists are read, and closed after a newer one filled the page', async () => {
    const reader = new AccountReader(await open({ apiKey: bithumb.accessKey, secret: bithumb.secretKey }, 2));
    const now = START + DAY;
    const amounts = { price: '95000000', volume: '0.006', at: now };
    const made: ReturnType<typeof bithumb.order>[] = [];
    // Open orders are listed first: those that are made after that are in no list of open orders.
    bithumb.refuse = (path, query) => {
      if (path === '/v1/orders' && query.get('state') === 'done' && made.length === 0) {
        made.push(bithumb.order('KRW-BTC', 'bid', now));
        for (let n = 1; n <= 3; n += 1) bithumb.trade('KRW-BTC', 'bid', { ...amounts, at: now + n * 100 });
      }
      return null;
    };
    await reader.read(now);
    const [slow] = made;
    assert.ok(slow);
    bithumb.fill(slow, amounts);
    bithumb.close(slow);
    for (const minutes of [1, 2, 3]) await reader.read(now + minutes * 60_000);
    assert.deepEqual(reader.sums, shown(bithumb.balances));
    bithumb.requests.length = 0;
    await reader.read(now + DAY);
    assert.equal(bithumb.requests.filter((request) => request.includes('/v1/order?')).length, 0);
  });

  it('finds a deposit that is listed late, before a page that was full', async () => {
    const reader = new AccountReader(await open({ apiKey: bithumb.accessKey, secret: bithumb.secretKey }, 2));
    const late = bithumb.move('deposit', 'XRP', { amount: '1', at: START + DAY });
    late.isLate = true;
    for (let n = 1; n <= 6; n += 1)
      bithumb.move('deposit', 'XRP', { amount: '10', at: START + DAY + n * 60_000 });
    await reader.read(START + 2 * DAY);
    assert.deepEqual(reader.sums, { XRP: '60' });
    late.isLate = false;
    await reader.read(START + 7 * DAY);
    assert.deepEqual(reader.sums, shown(bithumb.balances));
    // Later there is nothing to go back for.
    bithumb.requests.length = 0;
    await reader.read(START + 30 * DAY);
    assert.equal(bithumb.requests.filter((request) => request.startsWith('/v1/deposits?')).length, 1);
  });

  it('finds a deposit that comes after another one was taken out of a full page', async () => {
    const reader = new AccountReader(await open({ apiKey: bithumb.accessKey, secret: bithumb.secretKey }, 2));
    for (let n = 1; n <= 2; n += 1) bithumb.move('deposit', 'XRP', { amount: '10', at: START + n * DAY });
    const refused = bithumb.move('deposit', 'XRP', { amount: '1', at: START, state: 'CANCELLED' });
    bithumb.move('deposit', 'XRP', { amount: '10', at: START + 3 * DAY });
    await reader.read(START + 100 * DAY);
    refused.isLate = true;
    bithumb.move('deposit', 'XRP', { amount: '100', at: START + 101 * DAY });
    await reader.read(START + 102 * DAY);
    assert.deepEqual(reader.sums, shown(bithumb.balances));
  });

  const REFUSALS: [string, string, number, unknown, Record<string, string>?][] = [
    ['an expired key', 'key-expired', 401, { error: { name: 'expired_access_key', message: '만료' } }],
    ['a clock that is wrong', 'clock-skewed', 401, { error: { name: 'expired_jwt', message: '만료' } }],
    ['an address that is not listed', 'address-not-allowed', 401, { error: { name: 'NotAllowIP' } }],
    ['a missing right', 'permission-missing', 401, { error: { name: 'out_of_scope', message: '권한' } }],
    [
      'too many requests',
      'rate-limited',
      429,
      { error: { name: 'too_many_requests', message: '초과' } },
      { 'retry-after': '300' },
    ],
    ['a key, as the first API does', 'key-rejected', 200, { status: '5300', message: 'Invalid Apikey' }],
    ['a fault of the server', 'unreachable', 500, { error: { name: 500, message: 'server_error' } }],
    ['maintenance', 'maintenance', 503, '<html><title>503 Service Temporarily Unavailable</title></html>'],
    ['a blocked member', 'exchange-error', 403, { error: { name: 'blocked_member_id', message: 'x' } }],
    ['nonsense', 'unreadable-answer', 200, { unexpected: true }],
  ];
  for (const [what, code, status, body, headers] of REFUSALS) {
    it(`tells ${what}`, async () => {
      bithumb.refuse = () => ({ status, body: JSON.stringify(body), ...(headers && { headers }) });
      if (typeof body === 'string') bithumb.refuse = () => ({ status, body });
      const failure = await failureOf(adapter.balances());
      assert.equal(failure.code, code, failure.reason);
      assert.equal(failure.retryAfterMs, headers === undefined ? undefined : 300_000);
    });
  }

  it('tells a wrong key, a wrong secret, which right is missing, and when the key ends', async () => {
    assert.equal((await adapter.inspect()).expiresAt, Date.parse(bithumb.expiresAt));
    const wrong = await open({ apiKey: 'another', secret: bithumb.secretKey });
    assert.equal((await failureOf(wrong.inspect())).code, 'key-rejected');
    const forged = await open({ apiKey: bithumb.accessKey, secret: 'another secret of the same length' });
    assert.equal((await failureOf(forged.inspect())).code, 'key-rejected');
    bithumb.refuse = (path) =>
      path === '/v1/withdraws/krw' ? { status: 403, body: '{"error":{"name":"out_of_scope"}}' } : null;
    assert.equal((await failureOf(adapter.inspect())).permission, 'withdrawals (출금조회)');
  });

  describe('what ccxt does, which the adapter works around until it no longer does', () => {
    async function ccxt(): Promise<CcxtBithumb> {
      const name = 'ccxt';
      const module = (await import(name)) as { default: Ccxt };
      const Class = module.default['bithumb'] ?? assert.fail('no ccxt');
      const exchange = new Class({ apiKey: bithumb.accessKey, secret: bithumb.secretKey });
      for (const api of ['public', 'private']) exchange.urls.api[api] = bithumb.url;
      return exchange;
    }

    it('drops the name of an error, and takes each for the same', async () => {
      const exchange = await ccxt();
      bithumb.refuse = () => ({ status: 429, body: '{"error":{"name":"too_many_requests","message":"x"}}' });
      const error: unknown = await exchange.privateGetV1Accounts().then(
        () => null,
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof Error);
      assert.deepEqual([error.constructor.name, error.message], ['ExchangeError', 'bithumb x']);
    });

    it('says of an order with fills that nothing was filled', async () => {
      const order = bithumb.trade('KRW-BTC', 'bid', { price: '95000000', volume: '0.006', at: START });
      const exchange = await ccxt();
      const market = { id: 'KRW-BTC', symbol: 'BTC/KRW', base: 'BTC', quote: 'KRW', type: 'spot' };
      exchange.setMarkets([exchange.safeMarketStructure({ ...market, baseId: 'BTC', quoteId: 'KRW' })]);
      const { filled, cost } = await exchange.fetchOrder(order.uuid, 'BTC/KRW');
      assert.deepEqual([filled, cost], [0, 0]);
    });
  });
});
