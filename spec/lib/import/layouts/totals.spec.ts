import assert from 'node:assert/strict';
import { mappedFormat } from '../../../../lib/import/layouts/mapping.ts';
import { inShort, readText } from '../read-text.ts';

const OLD = 'Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin';
const NEW = 'Date(UTC),Pair,Side,Price,Executed,Amount,Fee';
const UPBIT = '체결시간,코인,마켓,종류,거래수량,거래단가,거래금액,수수료';
const BITHUMB = '거래일시,자산,거래구분,거래수량,체결가격,거래금액,수수료';
const COINONE = '체결시각,주문유형,코인,마켓,체결수량,체결가격,체결금액,수수료,주문번호';
const BYBIT =
  'Spot Pairs,Order Type,Direction,feeCoin,ExecFeeV2,Filled Value,Filled Price,Filled Quantity,Fees,Transaction ID,Order No.,Timestamp (UTC)';
const KUCOIN =
  'Order ID,Symbol,Side,Order Type,Avg. Filled Price,Filled Amount,Filled Volume,Filled Time(UTC+00:00),Fee,Fee Currency';
const KRAKEN = 'txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin';
const KUCOIN_OLD = 'tradeCreatedAt,orderId,symbol,side,price,size,funds,fee,feeCurrency';

/** A row with a total that is not, and the one that is. */
const FILES: [head: string, row: string, column: string, wrong: string, right: string][] = [
  [OLD, '2021-01-05 09:00:01,BTCUSDT,BUY,50000,5000,#,0,BNB', 'Total', '0.1', '250000000'],
  [NEW, '2021-01-05 09:00:01,BTCUSDT,BUY,50000,1BTC,#USDT,0BNB', 'Amount', '5000', '50000'],
  [UPBIT, '2025.11.21 09:00:06,BTC,KRW,매수,0.001,150000000,#,75', '거래금액', '250000', '150000'],
  [BITHUMB, '2026-05-01 10:00:00,BTC,매수,0.01 BTC,96000000 KRW,# KRW,0', '거래금액', '96000', '960000'],
  [COINONE, '2025-11-20 10:15:30,매수,XRP,KRW,100,3100,#,620,x', '체결금액', '31000', '310000'],
  [
    BYBIT,
    'BTCUSDT,MARKET,BUY,BTC,0,#,91499.9,0.015,--,2210000,182,07:20 2024-11-19',
    'Filled Value',
    '91499.9',
    '1372.4985',
  ],
  [
    KUCOIN,
    '6,BTC-USDT,SELL,LIMIT,91500.1,0.001,#,2024-11-19 07:06:45,0.09,USDT',
    'Filled Volume',
    '0.001',
    '91.5001',
  ],
  [KUCOIN_OLD, '2022-04-28 12:36:00,6,XTZ-USDT,sell,0.1025,36.4479,#,0,USDT', 'funds', '36.4479', '3.7359'],
  [KRAKEN, 'T1,O1,XXBTZEUR,2024-11-19 07:06:45,buy,limit,87000.1,#,1.4,0.01,0', 'cost', '8700', '870.001'],
];

const UTA =
  'Currency,Contract,Type,Direction,Quantity,Filled Price,Funding,Fee Paid,Cash Flow,Change,Action,Time(UTC)';
const OKX =
  'id,Order id,Time,Trade Type,Symbol,Filled Price,Fee,Fee Unit,Balance Change,Balance,Balance Unit';

describe('a total', () => {
  for (const [head, row, column, wrong, right] of FILES) {
    it(`is held against price and quantity: ${head}`, async () => {
      const text = (total: string): string => `${head}\n${row.replace('#', total)}\n`;
      assert.deepEqual(await inShort(text(wrong), { tz: 'UTC' }), [`! ${column} total-mismatch`]);
      const [taken = ''] = await inShort(text(right), { tz: 'UTC' });
      assert.match(taken, /^(buy|sell) /);
    });
  }

  it('is held against the rows of both assets', async () => {
    const uta = (cash: string): string => `${UTA}
BTC,BTCUSDT,TRADE,BUY,0.015,91499.9,--,0,0.015,0.015,--,2024-11-19 07:20:00
USDT,BTCUSDT,TRADE,BUY,${cash},91499.9,--,0,-${cash},-${cash},--,2024-11-19 07:20:00
`;
    assert.deepEqual(await inShort(uta('1372.4985')), ['buy BTC/USDT 0.015']);
    assert.deepEqual(await inShort(uta('137.24985')), Array(2).fill('! Cash Flow total-mismatch'));
    const okx = (cash: string): string => `${OKX}
1,9,2026-05-11 21:37:12,Spot,BTC-USDT,80965.5,-0.0000017,BTC,0.0016443,0,BTC
2,9,2026-05-11 21:37:12,Spot,BTC-USDT,80965.5,0,USDT,-${cash},0,USDT
`;
    assert.deepEqual(await inShort(okx('133.268'), { tz: 'UTC' }), [
      'buy BTC/USDT 0.001646 fee 0.0000017 BTC',
    ]);
    const wrong = await inShort(okx('1332.68'), { tz: 'UTC' });
    assert.deepEqual(wrong, Array(2).fill('! Balance Change total-mismatch'));
  });

  it('is told with the columns and both figures', async () => {
    const [row] = await readText(`${OLD}\n2021-01-05 09:00:01,BTCUSDT,BUY,50000,5000,0.1,0,BNB\n`);
    assert.ok(row !== undefined && 'error' in row);
    const { column, params, detail } = row.error;
    assert.deepEqual(
      { column, ...params },
      { column: 'Total', total: '0.1', product: '250000000', quantity: 'Amount', price: 'Price' },
    );
    assert.match(detail, /^is 0\.1, but `Amount` × `Price` is 250000000/);
  });

  it('of a mapping may be rounded, and have the fee in it', async () => {
    const format = mappedFormat({
      columns: {
        time: 'Zeit',
        symbol: 'Markt',
        kind: 'Art',
        quantity: 'Menge',
        price: 'Preis',
        total: 'Summe',
        feeAmount: 'Gebühr',
      },
      kinds: { Kauf: 'buy' },
      defaultKind: null,
      exchange: 'here',
      quote: null,
      decimal: ',',
      dateOrder: null,
      negativeFee: null,
    });
    const found = async (price: string, quantity: string, total: string): Promise<string> => {
      const row = `2024-01-01 00:00:00;BTC/EUR;Kauf;${quantity};${price};${total};900,00`;
      const text = `Zeit;Markt;Art;Menge;Preis;Summe;Gebühr\n${row}\n`;
      return (await inShort(text, { tz: 'UTC', format })).join();
    };
    assert.equal(await found('50.000,00', '0,5', '30.000,00'), '! Summe total-mismatch');
    for (const [price, quantity, total] of [
      ['50.000,00', '0,5', '25.000,00'],
      ['50.000,00', '0,50000', '25.900,00'],
      ['50.000,00', '0,50000', '24.100,00'],
      ['0,03', '100000,00', '3.400,00'],
    ] as const) {
      assert.match(await found(price, quantity, total), /^buy /);
    }
    assert.equal(await found('50.000,00', '0,50000', '26.200,00'), '! Summe total-mismatch');
  });
});
