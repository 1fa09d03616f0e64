import assert from 'node:assert/strict';
import { mappedFormat } from '../../../../lib/import/layouts/mapping.ts';
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

  describe('that numbers of one file contradict each other about', () => {
    const [price, quantity] = ['60,000,000', '0,5'];
    const CONTRADICTED = 'contradicting-numbers';
    const proofs = '`0,5` and `60,000,000`';

    it('refuses each number that depends on it, whichever comes first, with both named', async () => {
      const rows = ['1704067200;BTC/KRW;buy;0,5;60,000,000', '1704067260;BTC/KRW;buy;1;2'];
      for (const order of [rows, rows.toReversed()]) {
        const read = await readText(own(...order));
        const refused = read.flatMap((row) => ('error' in row ? [row.error] : []));
        assert.deepEqual(
          refused.map(({ column, code, params }) => [column, code, params]),
          [['quantity', CONTRADICTED, { readings: `${quantity} / ${price}` }]],
        );
        assert.ok(refused[0]?.detail.includes(proofs), refused[0]?.detail);
      }
      const apart = own('1704067200;BTC/KRW;buy;0,5;3', '1704067260;BTC/KRW;buy;2;60,000,000');
      assert.deepEqual(await inShort(apart), [`! quantity ${CONTRADICTED}`, `! price ${CONTRADICTED}`]);
      const between = own(...rows, '1704067320;BTC/KRW;buy;2;60,000');
      assert.equal((await inShort(between)).at(-1), `! price ${CONTRADICTED}`);
    });

    it('refuses them in the layout of an exchange and under a mapping alike', async () => {
      const upbit =
        '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료,정산금액,주문시간\n2025.11.21 09:00:06,BTC,KRW,매수,"0,5","60,000,000KRW","30,000,000KRW",0KRW,-,-\n';
      assert.match((await inShort(upbit)).join(), new RegExp(CONTRADICTED));
      const format = mappedFormat({
        columns: { time: 'time', symbol: 'symbol', kind: 'side', quantity: 'quantity', price: 'price' },
        kinds: {},
        defaultKind: null,
        exchange: 'x',
        quote: null,
        decimal: null,
        dateOrder: null,
        negativeFee: null,
      });
      const text = own('1704067200;BTC/KRW;buy;0,5;60,000,000');
      assert.deepEqual(await inShort(text, { format }), [`! quantity ${CONTRADICTED}`]);
    });
  });

  it('reads a quoted thousand in one way: as the file proves, or not at all', async () => {
    const head = 'time,symbol,side,quantity,price\n1704067200,BTC/KRW,buy,';
    assert.deepEqual(await inShort(`${head}"60,000","0.5"\n`), ['buy BTC/KRW 60000']);
    assert.deepEqual(await inShort(`${head}"60,000","0,5"\n`), ['buy BTC/KRW 60.000']);
    assert.deepEqual(await inShort(`${head}"60,000","60,000"\n`), [AMBIGUOUS]);
    // A known exchange writes points. Where a file of it proves commas, it was edited.
    const upbit = (quantity: string, price: string): string =>
      `체결시간,코인,마켓,종류,거래수량,거래단가,수수료\n2025.11.21 09:00:06,BTC,KRW,매수,"${quantity}","${price}",0\n`;
    assert.deepEqual(await inShort(upbit('2', '60,000')), ['buy BTC/KRW 2']);
    assert.deepEqual(await inShort(upbit('0,5', '60,000')), ['! 거래단가 ambiguous-number']);
    assert.deepEqual(await inShort(upbit('0,5', '60,000'), { decimal: ',' }), ['buy BTC/KRW 0.5']);
    assert.deepEqual(await inShort(upbit('0,5', '60000')), ['buy BTC/KRW 0.5']);
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
