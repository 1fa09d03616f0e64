import assert from 'node:assert/strict';
import { inShort, readText } from '../read-text.ts';

function bithumb(kind: string, quantity = '0.02'): string {
  return `거래일시,자산,거래구분,거래수량,체결가격,거래금액,수수료\n2024-01-01 00:00:00,BTC,${kind},${quantity},100,2,0\n`;
}

function upbit(kind: string, quantity: string): string {
  return `체결시간,코인,마켓,종류,거래수량,거래단가,수수료\n2024-01-01 00:00:00,BTC,KRW,${kind},${quantity},2,0\n`;
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

const STATEMENT = `
1,25-01-04 11:08:17,Spot,Deposit,USDT,500,
1,25-01-04 11:20:13,Spot,Binance Convert,SOL,10,
1,25-01-04 11:20:13,Spot,Binance Convert,USDT,-200,
`;

describe('headings in other languages', () => {
  for (const head of [
    'User ID,Time,Account,Operation,Coin,Change,Remark',
    'ID de usuario,Tiempo,Cuenta,Operación,Moneda,Cambio,Observación',
    'ユーザーID,時間,アカウント,操作,コイン,変更,備考',
  ]) {
    it(`are those of Binance's statement: ${head}`, async () => {
      const found = await inShort(head + STATEMENT, { tz: 'UTC' });
      assert.deepEqual(found, ['deposit USDT 500', 'convert USDT 200 to SOL 10']);
    });
  }

  it("are those of Binance's trades in Spanish", async () => {
    const text =
      'Tiempo,Par,Lado,Precio,Ejecutado,Cantidad,Tarifa\n25-12-31 01:00:45,CTKBTC,SELL,0.000003,285.7CTK,0.0008571BTC,0.00006618BNB\n';
    assert.deepEqual(await inShort(text, { tz: 'UTC' }), ['sell CTK/BTC 285.7 fee 0.00006618 BNB']);
  });

  it("are those of CoinTracking's trades in German", async () => {
    const text = `"Typ","Kauf","Cur.","Verkauf","Cur.","Gebühr","Cur.","Börse","Gruppe","Kommentar","Datum"
"Trade","0.01","BTC","870.5","EUR","1.5","EUR","Kraken","","","19.11.2024 08:06:45"
"Einzahlung","2000.5","EUR","-","","","","Kraken","","","19.11.2024 07:00:05"
"Auszahlung","-","","0.005","BTC","0.001","BTC","Kraken","","","26.11.2024 01:01:00"
`;
    assert.deepEqual(await inShort(text, { tz: 'Europe/Berlin' }), [
      'buy BTC/EUR 0.01 fee 1.5 EUR',
      'deposit EUR 2000.5',
      'withdrawal BTC 0.006 fee 0.001 BTC',
    ]);
  });

  it('may name the money, and stand below the lines that Coinbase puts above them', async () => {
    const text = `"You can use this transaction report to inform your likely tax obligations.
It is not tax advice."

Transactions
User,somebody@example.com,1

Timestamp,Transaction Type,Asset,Quantity Transacted,EUR Spot Price at Transaction,EUR Subtotal,EUR Total (inclusive of fees),EUR Fees,Notes
2020-01-01T00:00:00Z,Buy,BTC,0.1,7000.00,700.00,710.00,10.00,Bought 0.1 BTC for 710.00 EUR
`;
    assert.deepEqual(await inShort(text), ['buy BTC/EUR 0.1 fee 10 EUR']);
  });

  it('may be those of sales whose signs are written in either way', async () => {
    const rows = [
      'Sell,BTC,-0.1,USD,$10.00,-$1.00,-$0.90,$0.10,',
      'Sell,BTC,0.1,USD,$10.00,$1.00,$0.90,$0.10,',
    ];
    const head = coinbase('Buy', '1').split('\n')[0];
    for (const row of rows) {
      const text = `${head}\n2024-01-01 00:00:00 UTC,${row}\n`;
      assert.deepEqual(await inShort(text), ['sell BTC/USD 0.1 fee 0.1 USD']);
    }
    const [refused] = await readText(
      `${head}\n2024-01-01 00:00:00 UTC,Buy,BTC,-5,USD,$10.00,$50.00,$50.00,$0.00,\n`,
    );
    assert.ok(refused !== undefined && 'error' in refused);
    assert.equal(refused.error.params['readings'], 'a purchase of 5, a sale of 5');
  });
});

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
    [upbit('출금', '-0.02'), '거래수량'],
    [upbit('입금', '-0.02'), '거래수량'],
    [bithumb('입금', '-0.02'), '거래수량'],
    [coinbase('Withdrawal', '+100'), 'Quantity Transacted'],
    [coinbase('Deposit', '-100'), 'Quantity Transacted'],
    [coinbase('Receive', '-100'), 'Quantity Transacted'],
    [koinly('', '-5'), 'Received Amount'],
    [koinly('-1', ''), 'Sent Amount'],
  ] as const) {
    it(`that contradict each other are refused with both readings: ${text.split('\n')[1]}`, async () => {
      const [row] = await readText(text);
      assert.ok(row !== undefined && 'error' in row);
      assert.equal(row.error.column, column);
      assert.match(row.error.detail, /could be a deposit of [\d.]+ or a withdrawal of [\d.]+/);
    });
  }

  it('that contradict each other are asked about in a statement of signed changes', async () => {
    const head = 'User_ID,UTC_Time,Account,Operation,Coin,Change,Remark';
    const rows = ['Withdraw,BTC,0.005', 'Deposit,BTC,-5', 'Withdraw,BTC,-1', 'Deposit,BTC,1'];
    const text = rows.map((row, index) => `1,2024-01-01 00:00:0${index},Spot,${row},`).join('\n');
    assert.deepEqual(await inShort(`${head}\n${text}\n`), [
      '? unknown-kind income or transfers',
      '? unknown-kind fee or transfers',
      'withdrawal BTC 1',
      'deposit BTC 1',
    ]);
  });

  for (const [name, head, row] of [
    [
      'Gate',
      'no,time,action_desc,action_data,type,change_amount,amount,total',
      '1,#,Withdrawals,w1,BTC,5,0,5',
    ],
    [
      'Bybit',
      'Currency,Contract,Type,Direction,Quantity,Filled Price,Funding,Fee Paid,Cash Flow,Change,Action,Time(UTC)',
      'BTC,,WITHDRAW,--,5,--,--,0,5,5,--,#',
    ],
    [
      'OKX',
      'id,Order id,Time,Trade Type,Symbol,Fee,Fee Unit,Balance Change,Balance,Balance Unit',
      '1,,#,Withdrawal,,0,BTC,5,5,BTC',
    ],
    [
      'Coinbase Pro',
      'portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id',
      'default,withdrawal,#,5,5,BTC,x,,',
    ],
  ] as const) {
    it(`that contradict each other are asked about: a withdrawal without a minus of ${name}`, async () => {
      const time = name === 'Coinbase Pro' ? '2024-01-01T00:00:00.000Z' : '2024-01-01 00:00:00';
      const found = await inShort(`${head}\n${row.replace('#', time)}\n`, { tz: 'UTC' });
      assert.deepEqual(found, ['? unknown-kind income or transfers']);
    });
  }

  it('that agree are taken', async () => {
    assert.deepEqual(await inShort(coinbase('Withdrawal', '-100')), ['withdrawal BTC 100']);
    assert.deepEqual(await inShort(coinbase('Send', '100')), ['withdrawal BTC 100']);
    assert.deepEqual(await inShort(koinly('1', '')), ['withdrawal BTC 1']);
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
