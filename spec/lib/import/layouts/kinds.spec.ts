import assert from 'node:assert/strict';
import type { Move, RowReading } from '../../../../lib/import/reading/format.ts';
import { movesOf, sumMoves } from '../../../../lib/import/reading/legs.ts';
import { inShort, readText } from '../read-text.ts';

function statement(...rows: string[]): string {
  const lines = rows.map((row) => `1,2023-03-01 09:00:00,${row},`);
  return ['User_ID,UTC_Time,Account,Operation,Coin,Change,Remark', ...lines, ''].join('\n');
}

function uta(...rows: string[]): string {
  return [
    'Currency,Contract,Type,Direction,Quantity,Position,Filled Price,Funding,Fee Paid,Cash Flow,Change,Wallet Balance,Action,Time(UTC)',
    ...rows.map((row) => `${row},--,2024-11-19 07:20:00`),
    '',
  ].join('\n');
}

function okx(...rows: string[]): string {
  return [
    'UID:1,Account Type:Trading account,Time Zone:UTC+8',
    'id,Order id,Time,Trade Type,Symbol,Fee,Fee Unit,Balance Change,Balance,Balance Unit',
    ...rows.map((row, index) => `${index},,2026-05-11 21:37:12,${row}`),
    '',
  ].join('\n');
}

function kraken(...rows: string[]): string {
  return [
    'txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance',
    ...rows.map((row, index) => `L${index},${row}`),
    '',
  ].join('\n');
}

const KRAKEN_TIME = '2024-11-19 07:06:45';

function gate(...rows: string[]): string {
  return [
    'no,time,action_desc,action_data,type,change_amount,amount,total',
    ...rows.map((row, index) => `${index},2024-11-19 15:06:45,${row},0,0`),
    '',
  ].join('\n');
}

function coinbase(...rows: string[]): string {
  return [
    'Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes',
    ...rows.map((row) => `2024-01-01 00:00:00 UTC,${row}`),
    '',
  ].join('\n');
}

function koinly(...rows: string[]): string {
  return [
    'Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Label',
    ...rows.map((row) => `2024-01-01 00:00:00 UTC,${row}`),
    '',
  ].join('\n');
}

function cointracking(...rows: string[]): string {
  return [
    'Type,Buy,Cur.,Sell,Cur.,Fee,Cur.,Exchange,Group,Comment,Date',
    ...rows.map((row) => `${row},Kraken,,,25.11.2024 01:00:00`),
    '',
  ].join('\n');
}

function kucoin(fee: string): string {
  return `Order ID,Symbol,Side,Order Type,Avg. Filled Price,Filled Amount,Filled Time(UTC+00:00),Fee,Fee Currency\no1,BTC-USDT,SELL,LIMIT,91500,0.001,2024-11-19 07:06:45,${fee},USDT\n`;
}

const upbit = (kind: string): string =>
  `체결시간,코인,마켓,종류,거래수량,거래단가,수수료\n2024-01-01 00:00:00,ETH,-,${kind},0.5,-,-\n`;
const bithumb = (kind: string): string =>
  `거래일시,자산,거래구분,거래수량,체결가격,거래금액,수수료\n2024-01-01 00:00:00,ETH,${kind},0.5 ETH,-,-,-\n`;

const bithumbOut = (cells: string): string =>
  `거래일시,자산,거래구분,거래수량,체결가격,거래금액,수수료\n2024-01-01 00:00:00,ETH,외부출금,${cells}\n`;
const kucoinOut = (amount: string, fee: string): string =>
  `Time(UTC+00:00),Coin,Amount,Fee,Hash,Withdrawal Address/Account,Transfer Network,Status,Remarks\n2024-11-18 07:06:45,USDT,${amount},${fee},0x1,T1,TRC20,SUCCESS,\n`;
const okxOut = (amount: string, fee: string): string =>
  `Time,Crypto,Withdrawal address,Network,Transaction ID,Amount,Fee,Status,Reference no.\n2026-05-13 21:45:10,BTC,bc1q,BTC,0x1,${amount},${fee},Sent,4001\n`;
const binanceOut = (amount: string, fee: string): string =>
  `Date(UTC+0),Coin,Network,Amount,Fee,Address,TXID,Status\n2024-06-03 01:00:00,BTC,BTC,${amount},${fee},bc1q,0x1,Completed\n`;

const CASES: Record<string, Record<string, [text: string, found: string[]]>> = {
  'sweeps of dust and conversions are converted, from however many assets': {
    binance: [
      statement(
        'Spot,Small Assets Exchange BNB,LTC,-0.001',
        'Spot,Small Assets Exchange BNB,BNB,0.0003',
        'Spot,Small Assets Exchange BNB,ADA,-0.5',
        'Spot,Small Assets Exchange BNB,BNB,0.0004',
      ),
      ['convert LTC 0.001, ADA 0.5 to BNB 0.0007'],
    ],
    bybit: [
      uta(
        'ABC,,CURRENCY_SELL,--,1,0,0,--,0,-1,-1,0',
        'DEF,,CURRENCY_SELL,--,2,0,0,--,0,-2,-2,0',
        'USDT,,CURRENCY_BUY,--,3,0,0,--,0,3,3,0',
      ),
      ['convert ABC 1, DEF 2 to USDT 3'],
    ],
    okx: [
      okx(
        'Small assets convert,ABC,0,ABC,-1,0,ABC',
        'Small assets convert,DEF,0,DEF,-2,0,DEF',
        'Small assets convert,OKB,0,OKB,0.1,0.1,OKB',
      ),
      ['convert ABC 1, DEF 2 to OKB 0.1'],
    ],
    kraken: [
      kraken(
        `R1,${KRAKEN_TIME},spend,dustsweeping,currency,ADA,spot / main,-1,0,0`,
        `R1,${KRAKEN_TIME},spend,dustsweeping,currency,DOT,spot / main,-2,0.01,0`,
        `R1,${KRAKEN_TIME},receive,dustsweeping,currency,ZEUR,spot / main,3,0,3`,
      ),
      ['convert ADA 1, DOT 2 to EUR 3 + fee DOT 0.01'],
    ],
    gate: [
      gate(
        'Dust Swap-Small Balances Deducted,8001,ABC,-1.5',
        'Dust Swap-Small Balances Deducted,8001,DEF,-2.5',
        'Dust Swap-GT Added,8001,GT,0.002',
      ),
      ['convert ABC 1.5, DEF 2.5 to GT 0.002'],
    ],
    coinbase: [
      coinbase('Convert,BTC,-0.005,USD,$83000.00,$415.00,$419.00,$4.00,Converted 0.005 BTC to 0.1866 ETH'),
      ['convert BTC 0.005 to ETH 0.1866'],
    ],
  },
  'fees that stand alone are fees': {
    binance: [statement('Spot,Fee,BNB,-0.001'), ['fee BNB 0.001']],
    bybit: [uta('USDT,,FEE,--,0,0,0,--,0,0,-1,0'), ['fee USDT 1']],
    kraken: [kraken(`R1,${KRAKEN_TIME},transfer,,currency,ZEUR,spot / main,0,1.5,0`), ['fee EUR 1.5']],
    gate: [gate('Trading Fees,700,USDT,-0.2'), ['fee USDT 0.2']],
    koinly: [koinly(',,,,0.1,BNB,', '5,USD,,,,,cost'), ['fee BNB 0.1', 'fee USD 5']],
    cointracking: [cointracking('Other Fee,-,,3,EUR,-,'), ['fee EUR 3']],
  },
  'the fee of a withdrawal is told apart': {
    binance: [binanceOut('0.0048', '0.0002'), ['withdrawal BTC 0.005 fee 0.0002 BTC']],
    bybit: [
      uta('USDT,,WITHDRAW,--,0,0,0,--,-1,-100,-101,0', 'BTC,,DEPOSIT,--,0,0,0,--,0,1,1,0'),
      ['withdrawal USDT 101 fee 1 USDT', 'deposit BTC 1'],
    ],
    okx: [
      okx('Withdrawal,,-1,USDT,-101,0,USDT', 'Withdrawal,,-1,OKB,-100,0,USDT'),
      ['withdrawal USDT 101 fee 1 USDT', 'withdrawal USDT 100'],
    ],
    'okx-withdrawals': [okxOut('0.000985', '0.000015'), ['withdrawal BTC 0.001 fee 0.000015 BTC']],
    kraken: [
      kraken(
        `W1,${KRAKEN_TIME},withdrawal,,currency,XXBT,spot / main,-0.005,0.00002,0`,
        `W2,${KRAKEN_TIME},withdrawal,,currency,XXBT,spot / main,0.005,-0.00002,0`,
        `D1,${KRAKEN_TIME},deposit,,currency,ZEUR,spot / main,100,1,0`,
      ),
      ['withdrawal BTC 0.00502 fee 0.00002 BTC', 'deposit BTC 0.00502', 'deposit EUR 99'],
    ],
    kucoin: [kucoinOut('10', '1'), ['withdrawal USDT 11 fee 1 USDT']],
    coinbase: [
      coinbase(
        'Withdrawal,EUR,-100,EUR,€1.00,€100.00,€101.00,€1.00,',
        'Withdrawal,EUR,-101,EUR,€1.00,€100.00,€101.00,€1.00,',
        'Send,ETH,-0.05,USD,$2200.00,-$110.00,-$110.50,$0.50,',
      ),
      ['withdrawal EUR 101 fee 1 EUR', 'withdrawal EUR 101 fee 1 EUR', 'withdrawal ETH 0.05'],
    ],
    koinly: [
      koinly('0.005,BTC,,,0.00002,BTC,', '0.005,BTC,,,1,EUR,'),
      ['withdrawal BTC 0.00502 fee 0.00002 BTC', 'withdrawal BTC 0.005 + fee EUR 1'],
    ],
    cointracking: [cointracking('Withdrawal,-,,0.005,BTC,0.001,BTC'), ['withdrawal BTC 0.006 fee 0.001 BTC']],
    bithumb: [bithumbOut('0.5 ETH,-,0.49 ETH,0.01 ETH'), ['withdrawal ETH 0.5 fee 0.01 ETH']],
    'bithumb, on top': [bithumbOut('0.5 ETH,-,0.5 ETH,0.01 ETH'), ['withdrawal ETH 0.51 fee 0.01 ETH']],
    'bithumb, in won': [bithumbOut('0.5 ETH,-,-,"1,000 KRW"'), ['withdrawal ETH 0.5 + fee KRW 1000']],
    'bithumb, in doubt': [bithumbOut('0.5 ETH,-,0.4 ETH,0.01 ETH'), ['! 거래금액 wrong-value']],
  },
  'fees that are given back are rebates': {
    binance: [
      statement(
        'Spot,Transaction Buy,BTC,0.01',
        'Spot,Transaction Spend,USDT,-235',
        'Spot,Transaction Fee,USDT,0.02',
      ),
      ['buy BTC/USDT 0.01 + rebate USDT 0.02'],
    ],
    bybit: [
      uta(
        'BTC,BTCUSDT,TRADE,BUY,0.015,0,91499.9,--,0.000001,0.015,0.015001,0',
        'USDT,BTCUSDT,TRADE,BUY,1372.4985,0,91499.9,--,0,-1372.4985,-1372.4985,0',
        'USDT,,FEE_REFUND,--,0,0,0,--,0,1,1,0',
      ),
      ['buy BTC/USDT 0.015 + rebate BTC 0.000001', 'rebate USDT 1'],
    ],
    okx: [
      okx(
        'Spot,BTC-USDT,0.01,USDT,-99.99,0,USDT',
        'Spot,BTC-USDT,0,BTC,0.002,0,BTC',
        'Fee rebate,,0,USDT,0.5,0,USDT',
      ),
      ['buy BTC/USDT 0.002 + rebate USDT 0.01', 'rebate USDT 0.5'],
    ],
    kraken: [
      kraken(
        `T1,${KRAKEN_TIME},trade,tradespot,currency,ZEUR,spot / main,-870,-0.5,0`,
        `T1,${KRAKEN_TIME},trade,tradespot,currency,XXBT,spot / main,0.01,0,0`,
      ),
      ['buy BTC/EUR 0.01 + rebate EUR 0.5'],
    ],
    kucoin: [kucoin('-0.01'), ['sell BTC/USDT 0.001 + rebate USDT 0.01']],
    gate: [gate('Maker Rebate,,USDT,0.2'), ['rebate USDT 0.2']],
    koinly: [koinly(',,0.1,USDT,,,fee_refund'), ['rebate USDT 0.1']],
    coinbase: [
      coinbase('Advanced Trade Buy,BTC,0.1,USD,$84000.00,$8400.00,$8399.00,-$1.00,'),
      ['buy BTC/USD 0.1 + rebate USD 1'],
    ],
  },
  'rewards say what they are for': {
    binance: [
      statement(
        'Earn,Simple Earn Flexible Interest,USDT,1',
        'Spot,Staking Rewards,DOT,1',
        'Spot,HODLer Airdrops Distribution,ABC,1',
        'Spot,Referral Kickback,BNB,1',
        'Card,Binance Card Cashback,BNB,1',
        'Pool,Pool Distribution,BTC,1',
      ),
      [
        'income USDT 1 (interest)',
        'income DOT 1 (staking)',
        'income ABC 1 (airdrop)',
        'income BNB 1 (referral)',
        'income BNB 1 (cashback)',
        'income BTC 1',
      ],
    ],
    bybit: [
      uta('ABC,,AIRDROP,--,0,0,0,--,0,1,1,0', 'USDT,,INTEREST,--,0,0,0,--,0,1,1,0'),
      ['income ABC 1 (airdrop)', 'income USDT 1 (interest)'],
    ],
    okx: [
      okx('Simple Earn interest,,0,USDT,0.5,0,USDT', 'Staking Yield,,0,DOT,0.1,0,DOT'),
      ['income USDT 0.5 (interest)', 'income DOT 0.1 (staking)'],
    ],
    kraken: [
      kraken(
        `E1,${KRAKEN_TIME},staking,,currency,DOT.S,,0.1,0,1`,
        `E2,${KRAKEN_TIME},invite bonus,,currency,ZEUR,,10,0,1`,
      ),
      ['income DOT 0.1 (staking)', 'income EUR 10 (referral)'],
    ],
    gate: [
      gate('Airdrop (bonus),,ABC,1', 'HODL Interest,,USDT,1', 'Referral Superior Rebate,,USDT,1'),
      ['income ABC 1 (airdrop)', 'income USDT 1 (interest)', 'income USDT 1 (referral)'],
    ],
    coinbase: [
      coinbase('Staking Income,ETH,0.1,USD,,,,,', 'Learning Reward,GRT,2,USD,,,,,'),
      ['income ETH 0.1 (staking)', 'income GRT 2 (airdrop)'],
    ],
    koinly: [
      koinly(',,1,DOT,,,staking', ',,1,BTC,,,mining', ',,1,BTC,,,salary'),
      ['income DOT 1 (staking)', 'income BTC 1 (mining)', 'income BTC 1'],
    ],
    cointracking: [cointracking('Airdrop,1,ABC,-,,-,'), ['income ABC 1 (airdrop)']],
    upbit: [upbit('스테이킹 보상'), ['income ETH 0.5 (staking)']],
    bithumb: [bithumb('친구초대 추천 리워드'), ['income ETH 0.5 (referral)']],
  },
  'moves between two places of the owner are transfers': {
    binance: [
      statement(
        'Spot,Transfer Between Main and Funding Wallet,USDT,-50',
        'Funding,Transfer Between Main and Funding Wallet,USDT,50',
        'Spot,Simple Earn Flexible Subscription,USDT,-200',
      ),
      [
        'transfer USDT 50 from binance spot to binance funding',
        'transfer USDT 200 from binance spot to binance earn',
      ],
    ],
    bybit: [
      uta('USDT,,TRANSFER_IN,--,100,0,--,--,0,100,100,0'),
      ['transfer USDT 100 from bybit funding to bybit unified'],
    ],
    okx: [okx('Transfer,,0,BTC,-0.001,0,BTC'), ['transfer BTC 0.001 from okx trading to okx funding']],
    kraken: [
      kraken(
        `E1,${KRAKEN_TIME},earn,allocation,currency,DOT,spot / main,-15,0,0`,
        `E1,${KRAKEN_TIME},earn,allocation,currency,DOT,earn / flexible,15,0,15`,
        `E2,${KRAKEN_TIME},transfer,stakingfromspot,currency,DOT.S,,5,0,5`,
      ),
      [
        'transfer DOT 15 from kraken spot / main to kraken earn / flexible',
        'transfer DOT 5 from kraken spot to kraken earn',
      ],
    ],
    coinbase: [
      coinbase(
        'Retail Staking Transfer,ETH,-0.02,USD,,,,,',
        'Retail Staking Transfer,ETH2,0.02,USD,,,,,',
        'Pro Withdrawal,BTC,1,USD,,,,,',
      ),
      ['transfer ETH 0.02 from coinbase to coinbase staking', 'transfer BTC 1 from coinbase pro to coinbase'],
    ],
  },
};

describe('files book every kind of entry:', () => {
  for (const [what, cases] of Object.entries(CASES)) {
    for (const [name, [text, found]] of Object.entries(cases)) {
      it(`${what} (${name})`, async () => {
        const tz = ['gate', 'cointracking', 'okx-withdrawals'].includes(name) ? 'UTC' : undefined;
        assert.deepEqual(await inShort(text, tz === undefined ? {} : { tz }), found);
      });
    }
  }

  it('the fee of a withdrawal that may be a deposit is kept for it', async () => {
    const old = 'Date(UTC),Coin,Network,Amount,TransactionFee,Address,TXID,SourceAddress,PaymentID,Status';
    const cash = 'Date(UTC+1),Coin,Amount,Status,Payment Method,Indicated Amount,Fee,Order ID';
    const time = '2024-07-02 10:00:00';
    const files: [string, string[]][] = [
      [`${old}\n${time},BTC,BTC,1,0.1,bc1q,0x1,,,Completed\n`, ['deposit 1', 'withdrawal 1.1 fee 0.1']],
      [`${cash}\n${time},EUR,98.2,Successful,Card,100,1.8,N1\n`, ['deposit 98.2', 'withdrawal 100 fee 1.8']],
    ];
    for (const [text, meant] of files) {
      const [row] = await readText(text);
      const options = decisionOf(row).options.flatMap(({ entries }) => entries);
      const found = options.map(({ kind, quantity, fee }) =>
        [kind, quantity, ...(fee === undefined ? [] : ['fee', fee.amount])].join(' '),
      );
      assert.deepEqual(found, meant);
    }
  });

  it('a reward that goes out is asked about', async () => {
    const [found] = await inShort(statement('Spot,Staking Rewards,DOT,-1'));
    assert.equal(found, '? unknown-kind fee or transfers');
  });

  it('a fee that the total proves neither paid nor given back is refused', async () => {
    const text = coinbase('Advanced Trade Buy,BTC,0.1,USD,$84000.00,$8400.00,$8000.00,-$1.00,');
    const [row] = await readText(text);
    assert.ok(row !== undefined && 'error' in row);
    assert.deepEqual(row.error.params, { readings: 'a fee of 1, a rebate of 1' });
  });
});

function decisionOf(row: RowReading | { error: unknown } | undefined) {
  assert.ok(row !== undefined && 'decision' in row, JSON.stringify(row));
  return row.decision;
}

function sumsOf(moves: Move[]): string[] {
  return sumMoves(moves)
    .map(({ asset, amount }) => `${asset} ${amount}`)
    .sort();
}

describe('several trades of one second', () => {
  const rows = [
    'Spot,Transaction Buy,BTC,0.01',
    'Spot,Transaction Spend,USDT,-235',
    'Spot,Transaction Fee,BNB,-0.001',
    'Spot,Transaction Buy,ETH,0.5',
    'Spot,Transaction Spend,USDT,-800',
    'Spot,Transaction Fee,BNB,-0.002',
  ];

  it('can be booked as they stand in the file, with their fees', async () => {
    const [row] = await readText(statement(...rows));
    const decision = decisionOf(row);
    assert.equal(decision.code, 'several-trades');
    const [first] = decision.options;
    assert.equal(first?.id, 'trades');
    const trades = first.entries.map((entry) => [entry.kind === 'trade' && entry.symbol, entry.quantity]);
    assert.deepEqual(trades, [
      ['BTC/USDT', '0.01'],
      ['ETH/USDT', '0.5'],
    ]);
    assert.deepEqual(sumsOf(first.entries.flatMap(movesOf)), sumsOf(decision.moves));
  });

  it('move the same whichever way they are booked', async () => {
    const fees = ['Spot,Transaction Fee,BNB,-0.001', 'Spot,Transaction Fee,USDT,0.01'];
    const [row] = await readText(statement(...rows, ...fees));
    const decision = decisionOf(row);
    for (const { id, entries } of decision.options) {
      if (id !== 'nothing') assert.deepEqual(sumsOf(entries.flatMap(movesOf)), sumsOf(decision.moves), id);
    }
  });

  it('are never taken for their difference: a purchase and a sale of one pair', async () => {
    const both = [
      'Spot,Transaction Buy,ETH,1.5',
      'Spot,Transaction Spend,USDT,-5550.015',
      'Spot,Transaction Fee,USDT,-1.11',
      'Spot,Transaction Sold,ETH,-0.7',
      'Spot,Transaction Revenue,USDT,2590.7',
      'Spot,Transaction Fee,USDT,-2.5907',
    ];
    const [row, ...more] = await readText(statement(...both));
    assert.equal(more.length, 0);
    const { code, options, moves } = decisionOf(row);
    assert.equal(code, 'several-trades');
    const entries = options.find(({ id }) => id === 'trades')?.entries ?? [];
    const trades = entries.map((entry) => [entry.kind === 'trade' && entry.side, entry.quantity]);
    assert.deepEqual(trades, [
      ['buy', '1.5'],
      ['sell', '0.7'],
    ]);
    assert.deepEqual(sumsOf(entries.flatMap(movesOf)), sumsOf(moves));
    const again = [...both, 'Spot,Transaction Buy,ETH,0.2', 'Spot,Transaction Spend,USDT,-740'];
    assert.deepEqual(
      (await readText(statement(...again))).map((each) => decisionOf(each).code),
      [code],
    );
    const older = ['Spot,Buy,ETH,1', 'Spot,Buy,USDT,-100', 'Spot,Sell,ETH,-0.4', 'Spot,Sell,USDT,44'];
    assert.deepEqual(await inShort(statement(...older)), ['buy ETH/USDT 1', 'sell ETH/USDT 0.4']);
  });

  it('are not paired where one of them has no other side', async () => {
    const [row] = await readText(statement(...rows, 'Spot,Transaction Buy,ADA,7'));
    const ids = decisionOf(row).options.map(({ id }) => id);
    assert.deepEqual(ids, ['transfers', 'nothing']);
  });
});

describe('rows that belong together', () => {
  it('may stand apart: two references of one second, row by row in turn', async () => {
    const row = (reference: string, rest: string): string =>
      `${reference},${KRAKEN_TIME},trade,tradespot,currency,${rest},0,0`;
    const text = kraken(
      row('T1', 'ZEUR,spot / main,-870'),
      row('T2', 'ZEUR,spot / main,-50'),
      row('T1', 'XXBT,spot / main,0.01'),
      row('T2', 'DOT,spot / main,10'),
    );
    assert.deepEqual(await inShort(text), ['buy BTC/EUR 0.01', 'buy DOT/EUR 10']);
  });

  it('may stand apart in the files of every exchange that has several rows for one trade', async () => {
    const apart = gate(
      'Order Filled,1,BTC,0.002',
      'Order Filled,2,ETH,0.1',
      'Order Filled,1,USDT,-180',
      'Order Filled,2,USDT,-300',
    );
    assert.deepEqual(await inShort(apart, { tz: 'UTC' }), ['buy BTC/USDT 0.002', 'buy ETH/USDT 0.1']);
  });

  it('are asked about when too much stands between them', async () => {
    const row = (reference: string, rest: string): string =>
      `${reference},${KRAKEN_TIME},trade,tradespot,currency,${rest},0,0`;
    const between = Array.from(
      { length: 400 },
      (_, n) => `D${n},${KRAKEN_TIME},deposit,,currency,DOT,spot / main,1,0,0`,
    );
    const found = await inShort(
      kraken(row('T1', 'ZEUR,spot / main,-870'), ...between, row('T1', 'XXBT,spot / main,0.01')),
    );
    assert.deepEqual(found.filter((text) => text.startsWith('?')).length, 2);
    assert.equal(found.length, 402);
  });
});
