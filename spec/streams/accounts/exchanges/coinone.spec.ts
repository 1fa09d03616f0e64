import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decimal } from '../../../../lib/money/money.ts';
import type { AccountAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { openCoinone } from '../../../../streams/accounts/exchanges/coinone.ts';
import { AccountReader, failureOf, shown } from '../../../support/account-reader.ts';
import { CoinoneAccounts, refused } from '../../../support/coinone-accounts.ts';
import { runs } from '../../../support/runs.ts';

const DAY = 86_400_000;
/** The first day of Coinone: there is little history to read. */
const START = Date.UTC(2014, 7, 1);

interface CcxtCoinone {
  urls: { api: Record<string, unknown> };
  v2_1PrivatePostAccountBalanceAll: () => Promise<unknown>;
  v2_1PrivatePostOrderCompleteOrdersAll: () => Promise<unknown>;
  v2_1PrivatePostOrderCompletedOrdersAll?: () => Promise<unknown>;
}

describe('the adapter of Coinone', () => {
  let coinone: CoinoneAccounts;
  let adapter: AccountAdapter;

  beforeEach(async () => {
    coinone = await new CoinoneAccounts().start();
    adapter = await open();
  });
  afterEach(() => coinone.stop());

  async function open(
    credentials = { apiKey: coinone.accessToken, secret: coinone.secretKey },
    limits = { rows: 100, pages: 20 },
  ): Promise<AccountAdapter> {
    return await openCoinone({ credentials, url: { base: coinone.url, isPaced: false } }, limits);
  }

  async function openFew(rows: number, pages: number): Promise<AccountAdapter> {
    coinone.pageRows = rows;
    return await open({ apiKey: coinone.accessToken, secret: coinone.secretKey }, { rows, pages });
  }

  it('gives each fill with its order and its fee, in whatever asset that was paid', async () => {
    coinone.move('DEPOSIT', 'KRW', { amount: '10000000', at: START });
    const bought = coinone.trade('BTC', 'buy', { price: '63000000', qty: '0.01', at: START + DAY });
    const fee = { amount: '0.04', currency: 'XRP' };
    const sold = coinone.trade('XRP', 'sell', { price: '812.5', qty: '20', at: START + 2 * DAY, fee });
    const reader = new AccountReader(adapter);
    await reader.read(START + 3 * DAY);
    assert.deepEqual(reader.sums, shown(coinone.balances));
    assert.deepEqual(reader.entries.get(bought.id), {
      kind: 'trade',
      exchange: 'coinone',
      externalId: bought.id,
      orderId: bought.body['order_id'],
      type: 'limit',
      symbol: 'BTC/KRW',
      side: 'buy',
      quantity: '0.01',
      price: '63000000',
      fee: { amount: '1260', currency: 'KRW' },
      time: START + DAY,
    });
    const entry = reader.entries.get(sold.id);
    assert.deepEqual(entry?.kind === 'trade' && [entry.side, entry.fee], ['sell', fee]);
  });

  it('books a withdrawal with its fee, a deposit without, and nothing that failed or was sent back', async () => {
    coinone.move('DEPOSIT', 'XRP', { amount: '100', fee: '1', at: START });
    const out = coinone.move('WITHDRAWAL', 'XRP', { amount: '5', fee: '0.4', at: START });
    coinone.move('WITHDRAWAL', 'KRW', { amount: '300000', fee: '1000', at: START });
    for (const status of ['DEPOSIT_FAIL', 'DEPOSIT_REFUND', 'DEPOSIT_REJECT', 'WITHDRAWAL_REFUND']) {
      const movement = coinone.move('DEPOSIT', 'BTC', { amount: '1', at: START, isPending: true });
      movement.body['status'] = status;
    }
    const reader = new AccountReader(adapter);
    await reader.read(START + DAY);
    assert.deepEqual(reader.sums, { XRP: '94.6', KRW: '-301000' });
    const entry = reader.entries.get(out.id);
    assert.deepEqual(entry?.kind === 'withdrawal' && [entry.quantity, entry.txid], ['5.4', `tx-${out.id}`]);
  });

  it('follows a withdrawal until it is done, however long that takes', async () => {
    coinone.move('DEPOSIT', 'BTC', { amount: '1', at: START });
    const slow = coinone.move('WITHDRAWAL', 'BTC', { amount: '0.5', at: START + DAY, isPending: true });
    const reader = new AccountReader(adapter);
    for (const days of [2, 30, 150]) await reader.read(START + days * DAY);
    assert.deepEqual(reader.sums, { BTC: '1' });
    coinone.settle(slow);
    await reader.read(START + 151 * DAY);
    assert.deepEqual(reader.sums, shown(coinone.balances));
    // And no longer than that.
    await reader.read(START + 152 * DAY);
    coinone.requests.length = 0;
    await reader.read(START + 153 * DAY);
    assert.equal(coinone.requests.length, 3);
  });

  it('loses and doubles nothing of pages to which rows are added while they are read', async () => {
    let left = 12;
    let at = START;
    const trade = (): void => {
      at += 1_000;
      coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at });
    };
    for (let n = 0; n < 9; n += 1) trade();
    coinone.beforePage = () => {
      if (left > 0) trade();
      left -= 1;
    };
    const reader = new AccountReader(await openFew(3, 2));
    await reader.read(START + DAY);
    coinone.beforePage = () => undefined;
    await reader.read(START + DAY);
    assert.deepEqual(reader.sums, shown(coinone.balances));
  });

  it('reads more fills of one instant than a page holds', async () => {
    for (let n = 0; n < 14; n += 1)
      coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at: START + (n < 7 ? 0 : 5_000) });
    const reader = new AccountReader(await openFew(3, 4));
    await reader.read(START + DAY);
    assert.equal(reader.entries.size, 14);
  });

  it('finds what was listed late', async () => {
    const late = coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at: START + DAY });
    late.isLate = true;
    const reader = new AccountReader(adapter);
    await reader.read(START + DAY + 1_000);
    assert.equal(reader.entries.size, 0);
    late.isLate = false;
    await reader.read(START + DAY + 20 * 3_600_000);
    assert.deepEqual(reader.sums, shown(coinone.balances));
  });

  it('looks up the fills that the stream has announced, and says which are not listed yet', async () => {
    const listed = coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at: START + DAY + 999 });
    const late = coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at: START + DAY });
    late.isLate = true;
    const hints = [listed, late].map(({ id, at, body }) => ({
      order: String(body['order_id']),
      fill: id,
      at: Math.floor(at / 1_000) * 1_000,
    }));
    const found = await adapter.live?.fills?.read({}, hints);
    assert.deepEqual(
      found?.entries.map(({ externalId }) => externalId),
      [listed.id],
    );
    assert.deepEqual(found.missing, [hints[1]]);
  });

  it('comes to the balances of the exchange after every look, whatever the account did', async function () {
    this.timeout(120_000);
    const event = fc.record({
      what: fc.constantFrom('DEPOSIT', 'WITHDRAWAL', 'buy', 'sell', 'pending', 'settle', 'look', 'move on'),
      hours: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 400 })),
      pick: fc.nat(),
      amount: fc.integer({ min: 1, max: 10 ** 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.integer({ min: 2, max: 5 }),
        async (events, rows) => {
          await coinone.stop();
          coinone = await new CoinoneAccounts().start();
          const reader = new AccountReader(await openFew(rows, 6));
          let now = START;
          for (const { what, hours, pick, amount } of events) {
            now += hours * 3_600_000 + 60_000;
            const size = decimal(BigInt(amount) * 10n ** 10n);
            const currency = ['KRW', 'BTC', 'XRP'][pick % 3] ?? '';
            const pending = coinone.movements.filter(({ body }) => String(body['status']).endsWith('_WAIT'));
            const slow = pending[pick % Math.max(pending.length, 1)];
            if (what === 'DEPOSIT' || what === 'WITHDRAWAL')
              coinone.move(what, currency, { amount: size, fee: '0.4', at: now });
            else if (what === 'buy' || what === 'sell')
              coinone.trade('XRP', what, {
                price: decimal(BigInt(pick % 10_000) * 10n ** 16n),
                qty: size,
                at: now,
              });
            else if (what === 'pending')
              coinone.move(pick % 2 === 0 ? 'DEPOSIT' : 'WITHDRAWAL', currency, {
                amount: size,
                at: now,
                isPending: true,
              });
            else if (what === 'settle' && slow !== undefined) coinone.settle(slow);
            else if (what === 'move on') {
              await reader.read(now, 1);
              reader.moveTo(await openFew(rows, 6));
            } else if (what === 'look') {
              // The first ends what an interrupted look has begun.
              for (let n = 0; n < 2; n += 1) await reader.read(now);
              assert.deepEqual(reader.sums, shown(coinone.balances));
            }
          }
          for (let n = 0; n < 2; n += 1) await reader.read(now);
          assert.deepEqual(reader.sums, shown(coinone.balances));
        },
      ),
      { numRuns: runs(5) },
    );
  });

  const REFUSALS: [string, string, ReturnType<typeof refused>][] = [
    ['a key that it does not know', 'key-rejected', refused('12', 'Invalid access token')],
    ['a wrong signature', 'key-rejected', refused('123', 'V2 API signature is not correct')],
    [
      'an address that is not listed',
      'address-not-allowed',
      refused('10', 'This IP address is not allowed.'),
    ],
    ['a missing right', 'permission-missing', refused('40', 'Invalid API permission')],
    ['a ban', 'banned', refused('4', 'Blocked user access')],
    [
      'too many requests',
      'rate-limited',
      { ...refused('429', 'Too Many Requests'), headers: { 'retry-after': '7' } },
    ],
    ['too many requests, as text', 'rate-limited', { status: 429, body: 'Too Many Requests' }],
    ['a fault of the server', 'maintenance', refused('405', 'Server error')],
    [
      'that it is away',
      'unreachable',
      { status: 503, body: '<html><title>503 Service Unavailable</title></html>' },
    ],
    ['an error that nobody knows', 'exchange-error', refused('9999', 'x')],
    ['nonsense', 'unreadable-answer', { status: 200, body: { result: 'success', error_code: '0' } }],
  ];
  for (const [what, code, answer] of REFUSALS) {
    it(`tells ${what}`, async () => {
      coinone.refuse = () => answer;
      const failure = await failureOf(adapter.balances());
      assert.equal(failure.code, code, failure.reason);
      assert.equal(failure.retryAfterMs, answer.headers === undefined ? undefined : 7_000);
    });
  }

  it('tells a wrong key, a wrong secret, and which right is missing', async () => {
    assert.deepEqual(await adapter.inspect(), {
      permissions: { trade: null, withdraw: null },
      expiresAt: null,
    });
    const wrong = await open({ apiKey: 'another', secret: coinone.secretKey });
    assert.equal((await failureOf(wrong.inspect())).code, 'key-rejected');
    const forged = await open({ apiKey: coinone.accessToken, secret: 'another secret of the same length' });
    assert.equal((await failureOf(forged.inspect())).code, 'key-rejected');
    coinone.refuse = (path) => (path.includes('/krw/') ? refused('40', 'Invalid API permission') : null);
    assert.equal((await failureOf(adapter.inspect())).permission, 'deposits and withdrawals (입출금 조회)');
  });

  it('books nothing of a fill whose fee it cannot tell the direction of', async () => {
    const fee = { amount: '-0.5', currency: 'KRW' };
    coinone.trade('BTC', 'buy', { price: '1000', qty: '0.001', at: START, fee });
    const failure = await failureOf(new AccountReader(adapter).read(START + DAY));
    assert.deepEqual([failure.code, failure.reason], ['unreadable-answer', 'completed_orders.fee']);
  });

  describe('what ccxt does, which the adapter works around until it no longer does', () => {
    async function ccxt(secret = coinone.secretKey): Promise<CcxtCoinone> {
      const name = 'ccxt';
      const module = (await import(name)) as {
        default: Record<string, new (config: object) => CcxtCoinone>;
      };
      const Class = module.default['coinone'] ?? assert.fail('no ccxt');
      const exchange = new Class({ apiKey: coinone.accessToken, secret, enableRateLimit: false });
      exchange.urls.api['v2_1Private'] = `${coinone.url}/v2.1`;
      return exchange;
    }

    it('signs by the secret in capitals', async () => {
      const error: unknown = await (
        await ccxt()
      )
        .v2_1PrivatePostAccountBalanceAll()
        .catch((reason) => reason);
      assert.match(String(error), /"error_code":"123"/);
    });

    it('does not know the list of fills, but one that does not exist', async () => {
      const exchange = await ccxt();
      assert.equal(exchange.v2_1PrivatePostOrderCompletedOrdersAll, undefined);
      assert.equal(typeof exchange.v2_1PrivatePostOrderCompleteOrdersAll, 'function');
    });
  });
});
