import assert from 'node:assert/strict';
import { EXPORTS } from '../../../lib/import/reading/format.ts';
import { problemIn } from '../../../lib/import/reason-texts.ts';
import { Problem } from '../../../lib/problem.ts';
import { readText } from './read-text.ts';

/** Whole sentences without a gap, whatever the code. */
function assertKorean({ title, detail = '', errors = [], headers }: Problem): void {
  for (const text of [title, detail, ...errors.map((error) => error.detail)]) {
    assert.match(text, /^(\d+행: )?[“가-힣].*\.$/s);
    assert.doesNotMatch(text, /\{\w+\}/);
  }
  assert.equal(headers['Content-Language'], 'ko');
}

async function refused(text: string, options: Parameters<typeof readText>[1] = {}) {
  try {
    await readText(text, options);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assertKorean(problemIn('ko', error));
    return error.errors?.[0];
  }
  return assert.fail('it was taken');
}

const KOINLY = 'Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency';
const BINANCE = 'Date(UTC),Pair,Type,Price,Amount,Total,Fee,Fee Coin';
const OWN = 'time,symbol,side,quantity,price';

describe('a file that is refused', () => {
  for (const [text, code, instead] of [
    [`${KOINLY},Gain (KRW)\n`, 'tax-report', 'transactions'],
    [`${KOINLY},Gain (EUR)\n`, 'tax-report', 'transactions'],
    [`${KOINLY},Net Value (JPY)\n`, 'tax-report', 'transactions'],
    [`${KOINLY},Sent Cost Basis\n`, 'tax-report', 'transactions'],
    [`Date Sold,Date Acquired,Asset,Amount,Cost (KRW),Proceeds (KRW)\n`, 'tax-report', 'transactions'],
    [`Amount,Currency,Date of Acquisition,Date of Sale,Proceeds\n`, 'tax-report', 'transactions'],
    [`${BINANCE},Realized Profit\n`, 'futures', 'spot-history'],
    [`${BINANCE},Position Side\n`, 'futures', 'spot-history'],
    // Its fee has no column for the coin.
    ['Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Realized Profit\n', 'futures', 'spot-history'],
    ['Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L\n', 'futures', 'spot-fills'],
    ['Date(UTC),OrderNo,Pair,Type,Side,Order Price,Order Amount\n', 'order-history', 'trade-history'],
  ] as const) {
    it(`names the export to take instead: ${text.trim()}`, async () => {
      const error = await refused(`${text}x\n`);
      assert.deepEqual([error?.code, error?.params?.['instead']], [code, instead]);
      assert.match(error?.detail ?? '', new RegExp(`Export ${EXPORTS[instead]} instead`));
    });
  }

  for (const [text, options, code] of [
    ['', {}, 'empty-file'],
    [`${OWN}\n`, {}, 'no-rows'],
    [`${OWN}\n"a"b,c,d,e,f\n`, {}, 'not-csv'],
    ['a\0b', {}, 'not-text'],
    ['unknown,headings,here\n1,2,3\n', {}, 'unknown-headings'],
    // Words that every exchange has make no file of Binance.
    ['Date,Order,Coin,Type,Amount,Fee,Available\n', {}, 'unknown-headings'],
    ['time,symbol,side\n', {}, 'missing-column'],
    // Futures: the amount is the quantity's worth.
    ['Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin\n', {}, 'rival-columns'],
    ['Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Quote Asset\n', {}, 'rival-columns'],
    ['Date(UTC),Pair,Base Asset,Quote Asset,Side,Price,Executed,Amount,Fee,Fee Coin\n', {}, 'rival-columns'],
    [`${OWN},수량\n`, {}, 'rival-columns'],
    [
      `${BINANCE}\n2024-01-01 00:00:00,BTCUSDT,BUY,2,1,2,0,BNB\n`.replace('UTC', 'UTC+9'),
      { tz: 'UTC' },
      'contradicts-file',
    ],
    [
      `${OWN}\n2024-01-01 00:00:00,BTC/KRW,buy,"1,234,567.5",1\n`,
      { tz: 'UTC', decimal: ',' as const },
      'contradicts-file',
    ],
    [
      `${OWN}\n13/01/2024 00:00:00,BTC/KRW,buy,1,1\n`,
      { tz: 'UTC', dateOrder: 'mdy' as const },
      'contradicts-file',
    ],
  ] as const) {
    it(`says why by a code: ${code}`, async () => {
      const error = await refused(text, options);
      assert.equal(error?.code, code);
    });
  }

  it('names what can be imported as people know it, in words and as a parameter', async () => {
    const sources =
      'Marktide, Upbit, Bithumb, Coinone, Binance, Bybit, OKX, Coinbase, Kraken, KuCoin, Gate, Koinly, CoinTracking';
    const error = await refused('unknown,headings,here\n1,2,3\n');
    assert.deepEqual(error?.params, { sources });
    assert.ok(error?.detail.includes(`(of ${sources})`));
    assert.doesNotMatch((await refused('txid,pair,time,vol\n'))?.detail ?? '', /kraken-/);
  });

  it('names a heading that differs from the one it lacks in two letters at most', async () => {
    const error = await refused(`${BINANCE.replace('Amount', 'Amuont')}\n`);
    assert.deepEqual(
      [error?.code, error?.params],
      ['similar-column', { format: 'binance', similar: 'Amuont' }],
    );
  });

  it('names the columns that contradict its layout', async () => {
    const error = await refused('Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin\nx\n');
    assert.deepEqual(
      [error?.column, error?.params],
      ['Amount', { format: 'binance', columns: 'Amount, Quantity' }],
    );
  });
});
