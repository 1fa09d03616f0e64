import assert from 'node:assert/strict';
import { inShort, readText } from '../read-text.ts';

function bithumb(kind: string, quantity = '0.02'): string {
  return `거래일시,자산,거래구분,거래수량,체결가격,거래금액,수수료\n2024-01-01 00:00:00,BTC,${kind},${quantity},100,2,0\n`;
}

function coinbase(kind: string, quantity: string): string {
  return `Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes\n2024-01-01 00:00:00 UTC,${kind},BTC,${quantity},USD,$1.50,,,,\n`;
}

function koinly(sent: string, received: string): string {
  return `Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency\n2024-01-01 00:00:00 UTC,${sent},BTC,${received},ETH,,\n`;
}

function transfers(...rows: string[]): string {
  return ['Date(UTC+0),Coin,Network,Amount,Fee,Address,TXID,Status', ...rows, ''].join('\n');
}

describe('words and signs of a file', () => {
  for (const [kind, found] of [
    ['매수', 'buy BTC/KRW 0.02'],
    ['출금', 'withdrawal BTC 0.02'],
    ['입금', 'deposit BTC 0.02'],
    ['외부입금', 'deposit BTC 0.02'],
    ['매수 취소', '? unknown-kind income or transfers'],
    ['출금 취소', '? unknown-kind income or transfers'],
    ['입금 취소', '? unknown-kind income or transfers'],
    ['이벤트 회수', '? unknown-kind income or transfers'],
  ] as const) {
    it(`are matched whole: ${kind} of Bithumb`, async () => {
      assert.deepEqual(await inShort(bithumb(kind)), [found]);
    });
  }

  for (const kind of ['매수 취소', '입금 취소', '출금취소']) {
    it(`are matched whole: ${kind} of Upbit`, async () => {
      const text = `체결시간,코인,마켓,종류,거래수량,거래단가,수수료\n2024-01-01 00:00:00,BTC,KRW,${kind},1,2,0\n`;
      assert.deepEqual(await inShort(text), ['? unknown-kind income or transfers']);
    });
  }

  it('are matched whole: BUY_CANCELED of Binance', async () => {
    const text =
      'Date(UTC),Pair,Type,Price,Amount,Total,Fee,Fee Coin\n2024-01-01 00:00:00,BTCUSDT,BUY_CANCELED,2,1,2,0,BNB\n';
    assert.deepEqual(await inShort(text), ['! Type unknown-side']);
  });

  for (const [text, column] of [
    [bithumb('출금', '-0.02'), '거래수량'],
    [bithumb('입금', '-0.02'), '거래수량'],
    [coinbase('Withdrawal', '+100'), 'Quantity Transacted'],
    [coinbase('Deposit', '-100'), 'Quantity Transacted'],
    [coinbase('Receive', '-100'), 'Quantity Transacted'],
    [koinly('', '-5'), 'Received Amount'],
  ] as const) {
    it(`that contradict each other are refused with both readings: ${text.split('\n')[1]}`, async () => {
      const [row] = await readText(text);
      assert.ok(row !== undefined && 'error' in row);
      assert.equal(row.error.column, column);
      assert.match(row.error.detail, /could be a deposit of [\d.]+ or a withdrawal of [\d.]+/);
    });
  }

  it('that agree are taken', async () => {
    assert.deepEqual(await inShort(coinbase('Withdrawal', '-100')), ['withdrawal BTC 100']);
    assert.deepEqual(await inShort(coinbase('Send', '100')), ['withdrawal BTC 100']);
    assert.deepEqual(await inShort(koinly('-1', '')), ['withdrawal BTC 1']);
  });

  it('of one transaction with several outputs are entries of their own, with its id', async () => {
    const rows = await readText(
      transfers(
        '2024-01-01 00:00:00,BTC,BTC,1,0.1,a,0xabc,Completed',
        '2024-01-01 00:00:00,BTC,BTC,2,0.1,b,0xabc,Completed',
        '2024-01-01 00:00:00,BTC,BTC,2,0.1,b,Off-chain transfer 77,Completed',
      ),
    );
    const entries = rows.flatMap((row) => ('entries' in row ? row.entries : []));
    assert.deepEqual(
      entries.map((entry) => [entry.externalId, entry.kind === 'trade' ? null : entry.txid]),
      [
        [undefined, '0xabc'],
        [undefined, '0xabc'],
        [undefined, '77'],
      ],
    );
  });
});
