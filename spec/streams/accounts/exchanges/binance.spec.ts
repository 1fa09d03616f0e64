import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decimal, round } from '../../../../lib/money/money.ts';
import type { AccountAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { openBinance } from '../../../../streams/accounts/exchanges/binance.ts';
import { AccountReader, failureOf, shown, sumsOf } from '../../../support/account-reader.ts';
import { BinanceAccounts } from '../../../support/binance-accounts.ts';
import { runs } from '../../../support/runs.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** The first day of Binance. */
const START = Date.UTC(2017, 6, 14);
/** Since then conversions of dust are told. */
const DUST = Date.UTC(2020, 11, 1);
const SYMBOLS = ['BTCUSDT', 'ETHBTC', 'BNBUSDT', 'XRPBNB'];

type Ccxt = Record<string, new (config: object) => CcxtBinance>;
interface CcxtBinance {
  urls: { api: Record<string, unknown> };
  options: Record<string, unknown>;
  privateGetAccount: () => Promise<unknown>;
}

describe('the adapter of Binance', () => {
  let binance: BinanceAccounts;
  let adapter: AccountAdapter;

  beforeEach(async () => {
    binance = await new BinanceAccounts().start();
    adapter = await open();
  });
  afterEach(() => binance.stop());

  async function open(
    credentials = { apiKey: binance.apiKey, secret: binance.secretKey },
    limits?: Parameters<typeof openBinance>[1],
  ): Promise<AccountAdapter> {
    return await openBinance({ credentials, url: { base: binance.url, isPaced: false } }, limits);
  }

  /** To the eight decimals that the exchange has. */
  function atEight(reader: AccountReader): Record<string, string> {
    const sums = [...sumsOf(reader.entries.values())].map(([asset, sum]) => [asset, round(sum, 8)] as const);
    return shown(new Map(sums));
  }

  it('comes to the balances of the exchange after every look, whatever the account did', async function () {
    this.timeout(120_000);
    const event = fc.record({
      what: fc.constantFrom(
        'trade',
        'trade',
        'trade',
        'deposit',
        'old-deposits',
        'pending',
        'arrive',
        'withdraw',
        'finish',
        'convert',
        'dust',
        'reward',
        'cash',
        'delist',
        'look',
        'interrupted-look',
      ),
      hours: fc.integer({ min: 0, max: 900 }),
      pick: fc.nat(),
      qty: fc.integer({ min: 1, max: 10 ** 9 }),
      price: fc.integer({ min: 1, max: 10 ** 9 }),
    });
    const limits = fc.record({
      trades: fc.integer({ min: 1, max: 3 }),
      deposits: fc.integer({ min: 3, max: 4 }),
      withdrawals: fc.integer({ min: 3, max: 4 }),
      converts: fc.integer({ min: 2, max: 4 }),
      dust: fc.integer({ min: 2, max: 4 }),
      dividends: fc.integer({ min: 2, max: 4 }),
      fiat: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 40 }), limits, async (events, most) => {
        await binance.stop();
        binance = await new BinanceAccounts().start();
        binance.dustRows = most.dust;
        const credentials = { apiKey: binance.apiKey, secret: binance.secretKey };
        const reader = new AccountReader(await open(credentials, most));
        let now = DUST + DAY;
        for (const { what, hours, pick, qty, price } of events) {
          now += hours * HOUR;
          const symbol = SYMBOLS[pick % SYMBOLS.length] ?? '';
          const amount = decimal(BigInt(qty) * 10n ** 10n);
          const leaving = [...binance.withdrawing];
          const arriving = [...binance.arriving];
          if (what === 'trade' && !binance.gone.has(symbol)) {
            const fee = { asset: ['BNB', 'USDT', 'BTC'][pick % 3] ?? '', amount: '0.00011240' };
            const at = { price: decimal(BigInt(price) * 10n ** 10n), qty: amount, at: now, fee };
            binance.trade(symbol, pick % 2 === 0, at);
          } else if (what === 'deposit') binance.deposit('ETH', amount, now);
          else if (what === 'old-deposits') {
            binance.deposit('XRP', amount, now, { isOld: true });
            binance.deposit('XRP', amount, now, { isOld: true });
          } else if (what === 'pending') binance.deposit('ADA', amount, now, { isPending: true });
          else if (what === 'withdraw') binance.withdraw('USDT', { amount, fee: '1', at: now });
          else if (what === 'convert') binance.convert(['USDT', amount], ['BNB', '0.06154036'], now);
          else if (what === 'dust') {
            binance.sweep(
              [
                ['LTC', '0.000006', '0.00000267'],
                ['GBP', '0.15949157', '0.00072426'],
                ['LTC', '0.000001', '0.00000055'],
              ],
              now,
            );
          } else if (what === 'reward') binance.reward('DOT', amount, now);
          else if (what === 'cash')
            binance.cash(pick % 2 === 0 ? 0 : 1, 'EUR', { amount, fee: '1.5', at: now });
          else if (what === 'arrive' && arriving.length > 0) {
            const row = arriving[pick % arriving.length];
            // What has been open for a year is waited for no longer.
            if (row !== undefined && now - row.at < 300 * DAY) binance.arrive(row);
          } else if (what === 'finish' && leaving.length > 0) {
            const row = leaving[pick % leaving.length];
            if (row !== undefined && now - row.at < 300 * DAY) binance.finish(row, now, pick % 5 !== 0);
          } else if (what === 'delist') {
            // Not before its trades were read.
            await reader.read(now + 1_000);
            binance.symbols.delete('XRPBNB');
            binance.gone.add('XRPBNB');
          } else if (what === 'interrupted-look') {
            await reader.read(now + 1_000, 1);
            reader.moveTo(await open(credentials, most));
          } else if (what === 'look') {
            // Cash is looked for once an hour.
            now += HOUR;
            await reader.read(now + 1_000);
            assert.deepEqual(atEight(reader), shown(binance.balances));
          }
          now += 2_000;
        }
        now += HOUR;
        await reader.read(now + 1_000);
        assert.deepEqual(atEight(reader), shown(binance.balances));
      }),
      { numRuns: runs(12) },
    );
  });

  it('gives each fill once, with its order, its fee in a third asset and its number', async () => {
    const at = START + DAY;
    const fee = { asset: 'BNB', amount: '0.00011240' };
    binance.trade('BTCUSDT', true, { price: '91250.01', qty: '0.00100000', at, fee });
    // Equal in everything but its id.
    binance.trade('BTCUSDT', true, { price: '91250.01', qty: '0.00100000', at, fee });
    // 0.000425088 was cut to 0.00042508.
    binance.trade('ETHBTC', false, { price: '0.03456', qty: '0.0123', at, fee });
    const { entries } = await adapter.page('trades', null, at + DAY);
    assert.deepEqual(
      entries.map(({ externalId, sequence, ...rest }) => [externalId, sequence, rest]),
      [
        ['BTCUSDT-1', 1, trade('BTC/USDT', 'buy', '0.00100000', '91250.01', '10001')],
        ['BTCUSDT-4', 4, trade('BTC/USDT', 'buy', '0.00100000', '91250.01', '10004')],
        ['ETHBTC-1', 1, trade('ETH/BTC', 'sell', '0.0123', '0.034559349593495935', '10001')],
      ],
    );
    function trade(symbol: string, side: string, quantity: string, price: string, orderId: string): object {
      const paid = { amount: '0.00011240', currency: 'BNB' };
      return {
        kind: 'trade',
        exchange: 'binance',
        orderId,
        symbol,
        side,
        quantity,
        price,
        fee: paid,
        time: at,
      };
    }
  });

  it('books a conversion, a sweep of dust and a reward as what they are', async () => {
    binance.convert(['USDT', '20'], ['BNB', '0.06154036'], DUST + DAY);
    binance.sweep(
      [
        ['LTC', '0.000006', '0.00000267'],
        ['GBP', '0.15949157', '0.00072426'],
      ],
      DUST + 2 * DAY,
    );
    binance.reward('DOT', '0.5', DUST + 3 * DAY);
    binance.reward('BHFT', '10', DUST + 4 * DAY, 'BHFT distribution');
    const reader = new AccountReader(adapter);
    await reader.read(DUST + 5 * DAY);
    const entries = [...reader.entries.values()]
      .sort((a, b) => a.time - b.time)
      .map((entry) => ({ ...entry, externalId: '', time: 0 }));
    const own = { exchange: 'binance', externalId: '', time: 0 };
    assert.deepEqual(entries, [
      {
        ...own,
        kind: 'convert',
        asset: 'BNB',
        quantity: '0.06154036',
        from: [{ asset: 'USDT', quantity: '20' }],
      },
      {
        ...own,
        kind: 'convert',
        asset: 'BNB',
        quantity: '0.0007124',
        from: [
          { asset: 'LTC', quantity: '0.000006', received: '0.00000262' },
          { asset: 'GBP', quantity: '0.15949157', received: '0.00070978' },
        ],
      },
      {
        ...own,
        kind: 'income',
        asset: 'DOT',
        quantity: '0.5',
        subtype: 'staking',
        note: 'Locked Staking rewards',
      },
      {
        ...own,
        kind: 'income',
        asset: 'BHFT',
        quantity: '10',
        subtype: 'airdrop',
        note: 'BHFT distribution',
      },
    ]);
  });

  it('asks for every symbol once, those of assets that it has seen first, and then for few', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `A${String(index).padStart(3, '0')}/USDC`);
    await binance.stop();
    binance = await new BinanceAccounts([...many, 'ZZZ/ETH', 'ZZZ/USDC']).start();
    const reader = new AccountReader(await open());
    binance.deposit('ETH', '1', START + DAY);
    binance.reward('ZZZ', '1', START + DAY);
    await reader.read(START + 2 * DAY);
    const asked = askedSymbols();
    assert.deepEqual(asked.slice(0, 2), ['ZZZETH', 'ZZZUSDC']);
    assert.deepEqual(asked.toSorted(), [...binance.symbols.keys()].toSorted());
    binance.requests.length = 0;
    // Both balances change: it is asked for at the next look.
    binance.trade('ZZZETH', true, {
      price: '0.1',
      qty: '1',
      at: START + 3 * DAY,
      fee: { asset: 'ETH', amount: '0' },
    });
    await reader.read(START + 3 * DAY + HOUR);
    assert.equal(askedSymbols()[0], 'ZZZETH');
    assert.ok(askedSymbols().length < 20, askedSymbols().join());
    assert.equal(reader.entries.has('ZZZETH-1'), true);
    // The others have their turn.
    binance.requests.length = 0;
    for (let look = 0; look < 25; look += 1) await reader.read(START + 4 * DAY + look);
    assert.deepEqual([...new Set(askedSymbols())].toSorted(), [...binance.symbols.keys()].toSorted());
  });

  function askedSymbols(): string[] {
    return binance.requests.flatMap((request) => /myTrades\?.*symbol=(\w+)/.exec(request)?.[1] ?? []);
  }

  it('goes on with the symbols that were left when it was interrupted', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `A${String(index).padStart(3, '0')}/USDC`);
    await binance.stop();
    binance = await new BinanceAccounts(many).start();
    const first = await (await open()).page('trades', null, START + DAY);
    assert.equal(first.isLast, false);
    const asked = askedSymbols().length;
    let page = first;
    const later = await open();
    while (!page.isLast) page = await later.page('trades', page.cursor, START + DAY);
    assert.ok(asked < 100);
    assert.equal(askedSymbols().length, 100);
  });

  it('signs by the clock of the exchange when its own is wrong', async () => {
    binance.clockShift = -60_000;
    binance.deposit('ETH', '1', START);
    assert.deepEqual(await adapter.balances(), { ETH: '1' });
    binance.clockShift = 90_000;
    assert.deepEqual(await adapter.balances(), { ETH: '1' });
    binance.refuse = (path) =>
      path === '/api/v3/time'
        ? null
        : { status: 400, body: { code: -1021, msg: 'outside of the recvWindow' } };
    assert.equal((await failureOf(adapter.balances())).code, 'clock-skewed');
  });

  it('tells what a key may do, and refuses one that cannot read', async () => {
    const rightsOf = async (rights: Record<string, boolean>): Promise<unknown> => {
      binance.rights = { ...binance.rights, ...rights };
      return (await adapter.inspect()).permissions;
    };
    assert.deepEqual(await rightsOf({}), { trade: false, withdraw: false });
    assert.deepEqual(await rightsOf({ enableFutures: true }), { trade: true, withdraw: false });
    assert.deepEqual(await rightsOf({ enableInternalTransfer: true }), { trade: true, withdraw: true });
    binance.rights = { ...binance.rights, enableReading: false };
    const { code, permission } = await failureOf(adapter.inspect());
    assert.deepEqual([code, permission], ['permission-missing', 'reading (Enable Reading)']);
    binance.rights = {};
    assert.equal((await failureOf(adapter.inspect())).code, 'unreadable-answer');
  });

  const REFUSALS: [string, string, number, unknown, Record<string, string>?][] = [
    [
      'a key that is gone, an address or a right',
      'key-rejected',
      401,
      { code: -2015, msg: 'Invalid API-key' },
    ],
    ['a malformed key', 'key-rejected', 401, { code: -2014, msg: 'API-key format invalid.' }],
    ['a wrong signature', 'key-rejected', 400, { code: -1022, msg: 'Signature is not valid.' }],
    ['too much weight', 'rate-limited', 429, { code: -1003, msg: 'Too much' }, { 'retry-after': '12' }],
    ['a ban', 'banned', 418, { code: -1003, msg: 'IP banned until 1' }, { 'retry-after': '120' }],
    ['its firewall', 'rate-limited', 403, { code: 0, msg: 'WAF limit' }],
    ['a country', 'address-not-allowed', 451, { code: 0, msg: 'restricted location' }],
    ['too many requests at the exchange', 'unreachable', 503, { code: -1008, msg: 'overloaded' }],
    ['a gateway', 'unreachable', 502, '<html><title>502 Bad Gateway</title></html>'],
    ['maintenance', 'maintenance', 503, { code: -1, msg: 'System is under maintenance.' }],
    ['a window that is too wide', 'exchange-error', 400, { code: -4047, msg: 'within 0-90 days' }],
    ['nonsense', 'unreadable-answer', 200, { unexpected: true }],
  ];
  for (const [what, code, status, body, headers] of REFUSALS) {
    it(`tells ${what}`, async () => {
      binance.refuse = () => ({ status, body, ...(headers && { headers }) });
      const failure = await failureOf(adapter.balances());
      assert.equal(failure.code, code, failure.reason);
      const wait = headers === undefined ? undefined : Number(headers['retry-after']) * 1_000;
      assert.equal(failure.retryAfterMs, wait);
    });
  }

  it('tells a wrong key, a wrong secret, a key that was deleted, and an exchange that is away', async () => {
    const wrong = await open({ apiKey: 'another', secret: binance.secretKey });
    assert.equal((await failureOf(wrong.inspect())).reason, '-2015');
    const forged = await open({ apiKey: binance.apiKey, secret: 'another secret' });
    assert.equal((await failureOf(forged.inspect())).code, 'key-rejected');
    // After requests that went well, too.
    await adapter.page('trades', null, START + DAY);
    binance.refuse = () => ({ status: 401, body: { code: -2015, msg: 'Invalid API-key' } });
    assert.equal((await failureOf(adapter.balances())).code, 'key-rejected');
    const away = await openBinance({
      credentials: { apiKey: 'a', secret: 'b' },
      url: { base: 'http://127.0.0.1:9', isPaced: false },
    });
    assert.equal((await failureOf(away.balances())).code, 'unreachable');
  });

  const UNREADABLE: [string, string, string, unknown][] = [
    [
      'cash whose fee does not add up',
      'fiat',
      '/sapi/v1/fiat/orders',
      { data: [cash('10001.50', '100.00', '1.50')] },
    ],
    [
      'a sweep whose total is another',
      'dust',
      '/sapi/v1/asset/dribblet',
      { userAssetDribblets: [sweep('0.5')] },
    ],
    ['a trade without a number', 'trades', '/api/v3/myTrades', [{ symbol: 'BTCUSDT' }]],
    ['a conversion without amounts', 'converts', '/sapi/v1/convert/tradeFlow', { list: [{ orderId: 1 }] }],
    ['a time without a zone', 'withdrawals', '/sapi/v1/capital/withdraw/history', [withdrawal('yesterday')]],
  ];
  function cash(indicatedAmount: string, amount: string, totalFee: string): object {
    const about = { orderNo: 'CJW1', fiatCurrency: 'GBP', status: 'Successful', createTime: DUST };
    return { ...about, indicatedAmount, amount, totalFee };
  }
  function sweep(total: string): object {
    const detail = { fromAsset: 'LTC', amount: '1', transferedAmount: '0.4', serviceChargeAmount: '0.008' };
    return {
      operateTime: DUST,
      transId: 1,
      totalTransferedAmount: total,
      totalServiceChargeAmount: '0.008',
      userAssetDribbletDetails: [detail],
    };
  }
  function withdrawal(applyTime: string): object {
    return { id: 'w', amount: '9', transactionFee: '1', coin: 'USDT', status: 6, txId: '', applyTime };
  }
  for (const [what, source, at, body] of UNREADABLE) {
    it(`books nothing of ${what}`, async () => {
      binance.refuse = (path) => (path === at ? { status: 200, body } : null);
      assert.equal((await failureOf(adapter.page(source, null, DUST + DAY))).code, 'unreadable-answer');
    });
  }

  describe('what ccxt does, which the adapter works around until it no longer does', () => {
    async function ccxt(): Promise<CcxtBinance> {
      const name = 'ccxt';
      const module = (await import(name)) as { default: Ccxt };
      const Class = module.default['binance'] ?? assert.fail('no ccxt');
      const exchange = new Class({ apiKey: binance.apiKey, secret: binance.secretKey });
      const { api } = exchange.urls;
      for (const [key, url] of Object.entries(api))
        if (typeof url === 'string') api[key] = url.replace(/^https:\/\/[^/]+/, binance.url);
      return exchange;
    }

    async function classOf(task: Promise<unknown>): Promise<string> {
      return await task.then(
        () => 'none',
        (error: unknown) => (error instanceof Error ? error.constructor.name : ''),
      );
    }

    it('takes a deleted key for too many requests once another request went well', async () => {
      const exchange = await ccxt();
      exchange.options['hasAlreadyAuthenticatedSuccessfully'] = true;
      binance.refuse = () => ({ status: 401, body: { code: -2015, msg: 'Invalid API-key' } });
      assert.equal(await classOf(exchange.privateGetAccount()), 'DDoSProtection');
    });

    it('takes an exchange that is overloaded for an error of the request', async () => {
      const exchange = await ccxt();
      binance.refuse = () => ({ status: 503, body: { code: -1008, msg: 'overloaded' } });
      assert.equal(await classOf(exchange.privateGetAccount()), 'ExchangeError');
    });

    it('does not correct its clock by itself', async () => {
      const exchange = await ccxt();
      binance.clockShift = -60_000;
      assert.equal(await classOf(exchange.privateGetAccount()), 'InvalidNonce');
    });
  });
});
