import assert from 'node:assert/strict';
import { inShort, readText } from '../read-text.ts';

function own(...rows: string[]): string {
  return ['time;symbol;side;quantity;price', ...rows, ''].join('\n');
}

const AMBIGUOUS = '! quantity ambiguous-number';

describe('the decimal mark of a file with the times of a program', () => {
  for (const time of ['2024-01-01T00:00:00Z', '2024-01-01T09:00:00+09:00', '1704067200', '1704067200000']) {
    it(`is not taken for known where a number has a comma: ${time}`, async () => {
      const text = own(`${time};BTC/USDT;buy;1,234;2`);
      assert.deepEqual(await inShort(text), [AMBIGUOUS]);
      assert.deepEqual(await inShort(text, { decimal: ',' }), ['buy BTC/USDT 1.234']);
      assert.deepEqual(await inShort(text, { decimal: '.' }), ['buy BTC/USDT 1234']);
      assert.deepEqual(await inShort(own(`${time};BTC/USDT;buy;1.234;2`)), ['buy BTC/USDT 1.234']);
    });
  }

  it('is the one that another number proves', async () => {
    const row = '1704067200;BTC/USDT;buy;1,234;';
    assert.deepEqual(await inShort(own(`${row}0.5`)), ['buy BTC/USDT 1234']);
    assert.deepEqual(await inShort(own(`${row}0,5`)), ['buy BTC/USDT 1.234']);
  });

  it('makes numbers with a point ambiguous too where one has a comma', async () => {
    const row = '1704067200;BTC/USDT;buy;';
    assert.deepEqual(await inShort(own(`${row}1.234;2`, `${row}1,234;2`)), [AMBIGUOUS, AMBIGUOUS]);
  });

  it('is asked for where the comma comes late in the file', async () => {
    const rows = Array.from({ length: 990 }, () => '1704067200000;BTC/USDT;buy;1.234;2');
    const found = await inShort(own(...rows, '1704067200;BTC/USDT;buy;1,234;2'));
    assert.equal(found.at(0), 'buy BTC/USDT 1.234');
    assert.equal(found.at(-1), AMBIGUOUS);
  });

  it('of Coinbase is asked for, with both readings', async () => {
    const pro =
      'portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id\ndefault,deposit,2020-01-01T00:00:00.000Z,"1,234","1,234",BTC,a,,\n';
    assert.deepEqual(await inShort(pro), ['! amount ambiguous-number']);
    const plain =
      'Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes\n2024-01-01 00:00:00 UTC,Buy,BTC,1,USD,"$8,400","$8,400","$8,400",$0,\n';
    const [row] = await readText(plain);
    assert.ok(row !== undefined && 'error' in row);
    assert.equal(row.error.code, 'ambiguous-number');
    assert.match(row.error.detail, /^could be 8400 or 8\.400: say which as `decimal`/);
  });
});
