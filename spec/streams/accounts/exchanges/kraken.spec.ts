import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { krakenAsset } from '../../../../lib/import/layouts/kraken.ts';
import { decimal, type Fixed, ZERO } from '../../../../lib/money/money.ts';
import type { AccountAdapter } from '../../../../streams/accounts/exchanges/adapter.ts';
import { CcxtClient } from '../../../../streams/accounts/exchanges/ccxt-client.ts';
import { openKraken } from '../../../../streams/accounts/exchanges/kraken.ts';
import { AccountReader, failureOf, shown } from '../../../support/account-reader.ts';
import { KrakenAccounts } from '../../../support/kraken-accounts.ts';
import { runs } from '../../../support/runs.ts';

const DAY = 86_400_000;
const START = Date.UTC(2011, 6, 2);

describe('the adapter of Kraken', () => {
  let kraken: KrakenAccounts;
  let adapter: AccountAdapter;

  beforeEach(async () => {
    kraken = await new KrakenAccounts().start();
    adapter = await open();
  });
  afterEach(() => kraken.stop());

  async function open(
    credentials = { apiKey: kraken.apiKey, secret: kraken.secretKey },
    rows = 500,
  ): Promise<AccountAdapter> {
    return await openKraken({ credentials, url: { base: kraken.url, isPaced: false } }, { rows });
  }

  /** The balances of the exchange, by the names that entries use. */
  function truth(): Record<string, string> {
    const sums = new Map<string, Fixed>();
    for (const [code, amount] of kraken.balances)
      sums.set(krakenAsset(code), (sums.get(krakenAsset(code)) ?? ZERO) + amount);
    return shown(sums);
  }

  it('gives both sides of a trade as one, with its fee, and what a file of the ledger gives too', async () => {
    kraken.row('deposit', 'ZEUR', '2000', { at: START, fee: '1' });
    const amounts = { price: '87000.1', volume: '0.01', fee: '1.392', at: START + DAY + 123 };
    const [side] = kraken.trade(['XXBT', 'ZEUR'], 'buy', amounts);
    kraken.trade(['XXBT', 'ZEUR'], 'sell', { ...amounts, volume: '0.003', fee: '0.3', at: START + 2 * DAY });
    kraken.row('withdrawal', 'XXBT', '-0.005', { at: START + 3 * DAY, fee: '0.00002' });
    kraken.row('staking', 'DOT.S', '0.01234567', { at: START + 4 * DAY });
    kraken.row('earn', 'DOT.F', '0.5', { at: START + 5 * DAY, subtype: 'reward' });
    kraken.allocate('DOT', '0.25', START + 6 * DAY);
    const reader = new AccountReader(adapter);
    await reader.read(START + 7 * DAY);
    assert.deepEqual(reader.sums, truth());
    assert.deepEqual(
      [...reader.entries.values()].sort((a, b) => a.time - b.time).map(({ kind }) => kind),
      ['deposit', 'trade', 'trade', 'withdrawal', 'income', 'income'],
    );
    const trade = reader.entries.get(String(side?.body['refid']));
    assert.ok(trade?.kind === 'trade');
    const { exchange, symbol, quantity, price, fee, time } = trade;
    assert.deepEqual(
      { exchange, symbol, side: trade.side, quantity, price, fee, time },
      {
        exchange: 'kraken',
        symbol: 'BTC/EUR',
        side: 'buy',
        quantity: '0.01',
        price: '87000.1',
        fee: { amount: '1.392', currency: 'EUR' },
        time: START + DAY + 123,
      },
    );
  });

  it('sums the balances of coins that earn, and of those that do not', async () => {
    kraken.row('deposit', 'DOT', '10', { at: START });
    kraken.allocate('DOT', '4', START);
    assert.deepEqual(await adapter.balances(), { DOT: '10' });
  });

  it('leaves the last second to the next look: the rest of a trade may not be listed yet', async () => {
    const amounts = { price: '1000', volume: '1', fee: '2', at: START + DAY };
    const [side] = kraken.trade(['XXBT', 'ZEUR'], 'buy', amounts);
    const refid = String(side?.body['refid']);
    const extra = kraken.row('trade', 'USDT', '0', { at: START + DAY, fee: '0.25', refid });
    extra.isLate = true;
    const reader = new AccountReader(adapter);
    await reader.read(START + DAY + 500);
    assert.equal(reader.entries.size, 0);
    extra.isLate = false;
    await reader.read(START + DAY + 20 * 3_600_000);
    assert.deepEqual(reader.sums, truth());
  });

  it('loses and doubles nothing of pages that shift because rows are listed late', async () => {
    for (let n = 0; n < 140; n += 1) kraken.row('deposit', 'DOT', '1', { at: START + n * 1_000 });
    const late = kraken.rows.filter((_, index) => index % 7 === 3);
    for (const row of late) row.isLate = true;
    kraken.beforePage = () => {
      const row = late.pop();
      if (row !== undefined) row.isLate = false;
    };
    const reader = new AccountReader(adapter);
    for (let n = 0; n < 12; n += 1) await reader.read(START + 3_600_000);
    assert.equal(late.length, 0);
    assert.deepEqual(reader.sums, truth());
  });

  it('comes to the balances of the exchange after every look, whatever the account did', async function () {
    this.timeout(120_000);
    const event = fc.record({
      what: fc.constantFrom('buy', 'sell', 'deposit', 'withdrawal', 'staking', 'earn', 'look', 'move on'),
      hours: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 400 })),
      pick: fc.nat({ max: 10_000 }),
      amount: fc.integer({ min: 1, max: 10 ** 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.integer({ min: 20, max: 60 }),
        async (events, rows) => {
          await kraken.stop();
          kraken = await new KrakenAccounts().start();
          const credentials = { apiKey: kraken.apiKey, secret: kraken.secretKey };
          const reader = new AccountReader(await open(credentials, rows));
          let now = START;
          /** The first look ends what an interrupted one has begun. */
          const look = async (): Promise<void> => {
            for (let n = 0; n < 2; n += 1) await reader.read(now + 3_000);
            assert.deepEqual(reader.sums, truth());
          };
          for (const { what, hours, pick, amount } of events) {
            now += hours * 3_600_000 + 600_001;
            const size = decimal(BigInt(amount) * 10n ** 10n);
            const code = ['ZEUR', 'XXBT', 'DOT', 'USDT'][pick % 4] ?? '';
            if (what === 'buy' || what === 'sell') {
              const price = decimal(BigInt(pick + 1) * 10n ** 14n);
              kraken.trade(['XXBT', 'ZEUR'], what, { price, volume: size, fee: '0.0001', at: now });
            } else if (what === 'deposit') kraken.row(what, code, size, { at: now });
            else if (what === 'withdrawal') kraken.row(what, code, `-${size}`, { at: now, fee: '0.5' });
            else if (what === 'staking') kraken.row(what, 'DOT.S', size, { at: now });
            else if (what === 'earn') kraken.allocate('DOT', size, now);
            else if (what === 'look') await look();
            else {
              await reader.read(now, 1);
              // Another node comes later, while nothing here takes a millisecond.
              kraken.nonce = 0;
              reader.moveTo(await open(credentials, rows));
            }
          }
          await look();
        },
      ),
      { numRuns: runs(5) },
    );
  });

  const REFUSALS: [string, string, number, unknown][] = [
    ['a key that it does not know', 'key-rejected', 200, { error: ['EAPI:Invalid key'] }],
    ['a wrong secret', 'key-rejected', 200, { error: ['EAPI:Invalid signature'] }],
    ['a missing right', 'permission-missing', 200, { error: ['EGeneral:Permission denied'] }],
    ['a key that another program uses', 'exchange-error', 200, { error: ['EAPI:Invalid nonce'] }],
    ['too many requests', 'rate-limited', 200, { error: ['EAPI:Rate limit exceeded'] }],
    ['that it slows down', 'rate-limited', 200, { error: ['EService:Throttled: 1732000005'] }],
    ['a lockout', 'banned', 200, { error: ['EGeneral:Temporary lockout'] }],
    ['maintenance', 'maintenance', 200, { error: ['EService:Unavailable'] }],
    ['a fault of the server', 'unreachable', 200, { error: ['EGeneral:Internal error'] }],
    ['a fault before the server', 'unreachable', 520, '<html><title>520</title></html>'],
    ['nonsense', 'unreadable-answer', 200, { error: [] }],
  ];
  for (const [what, code, status, body] of REFUSALS) {
    it(`tells ${what}`, async () => {
      kraken.refuse = () => ({ status, body });
      const failure = await failureOf(adapter.balances());
      assert.equal(failure.code, code, failure.reason);
    });
  }

  it('tells a wrong key, a wrong secret, and which right is missing', async () => {
    assert.deepEqual(await adapter.inspect(), {
      permissions: { trade: null, withdraw: null },
      expiresAt: null,
    });
    const wrong = await open({ apiKey: 'another', secret: kraken.secretKey });
    assert.equal((await failureOf(wrong.inspect())).code, 'key-rejected');
    const forged = await open({ apiKey: kraken.apiKey, secret: Buffer.from('other').toString('base64') });
    assert.equal((await failureOf(forged.inspect())).code, 'key-rejected');
    const refusal = { status: 200, body: { error: ['EGeneral:Permission denied'] } };
    kraken.refuse = (path) => (path.endsWith('/Ledgers') ? refusal : null);
    assert.equal((await failureOf(adapter.inspect())).permission, 'the ledger (Query Ledger Entries)');
  });

  it('asks with a higher nonce each time, also after its clock was set back', async () => {
    const client = await CcxtClient.open({
      exchange: 'kraken',
      credentials: { apiKey: kraken.apiKey, secret: kraken.secretKey },
      url: { base: kraken.url, isPaced: false },
      hasRisingNonce: true,
      reasonOf: () => null,
      classify: () => null,
    });
    await client.call('privatePostBalanceEx');
    await client.setClock();
    assert.deepEqual(await client.call('privatePostBalanceEx'), { error: [], result: {} });
  });

  it('books nothing that only a person can explain', async () => {
    kraken.row('margin', 'ZEUR', '-5', { at: START });
    kraken.row('nobody knows', 'ZEUR', '7', { at: START });
    const reader = new AccountReader(adapter);
    await reader.read(START + DAY);
    assert.equal(reader.entries.size, 0);
  });
});
