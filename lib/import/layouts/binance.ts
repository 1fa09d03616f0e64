import { eachRow, feeOf, sideIn, type ImportFormat, type RawTrade } from '../reading/format.ts';
import type { ColumnSpec } from '../reading/headings.ts';
import { oneOfPairs } from '../reading/undecided.ts';
import { BINANCE_QUOTES, type Pair, pairOfUnits, splitPair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';

/**
 * The pairs that a row can stand for, usually one.
 * @throws CellError if there is none
 */
function pairsIn(row: Row): Pair[] {
  const [base, quote] = [row.text('base').toUpperCase(), row.text('quote').toUpperCase()];
  if (base !== '' && quote !== '') return [{ base, quote }];
  const pairs = splitPair(row.text('pair'), BINANCE_QUOTES);
  if (pairs.length === 0) throw row.error('pair', 'not-a-pair', 'is not a pair such as BTCUSDT');
  return pairs;
}

function trade(row: Row, side: RawTrade['side'], { base, quote }: Pair, paid: RawTrade['fee']): RawTrade {
  return {
    kind: 'trade',
    exchange: 'binance',
    symbol: `${base}/${quote}`,
    side,
    quantity: row.quantity('quantity', [base]),
    price: row.quantity('price', [quote]),
    fee: paid,
    time: row.time('time'),
  };
}

const time = { headings: ['Date', 'Time', '날짜', '시간', 'Tiempo'], holds: 'time' } as const;
const pair = { headings: ['Market', 'Pair', 'Symbol', '거래쌍', '마켓', '페어', 'Par'] };
const price = { headings: ['Price', '가격', '체결가', 'Precio'], holds: 'number' } as const;
const fee = { headings: ['Fee', '수수료', 'Tarifa'], holds: 'number' } as const;
const source = {
  symbol: 'pair',
  side: 'side',
  quantity: 'quantity',
  price: 'price',
  fee: 'fee',
  time: 'time',
};
const shared = {
  name: 'binance',
  source,
  order: null,
  // `Time` is in the zone the user chose for the export.
  zone: () => null,
  decimal: null,
  dates: { order: 'ymd', shape: /^\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  since: Date.UTC(2017, 6, 1),
  foreign: {
    headings: /^(reali[sz]ed profit|position side|leverage)$/i,
    code: 'futures',
    instead: 'spot-history',
  },
} as const;

/** The trade history of the report centre: plain numbers, with a column for the fee's coin. */
const reportColumns: ColumnSpec = {
  time,
  pair,
  base: { headings: ['Base Asset'], optional: true },
  quote: { headings: ['Quote Asset'], optional: true },
  side: { headings: ['Type', 'Side', '유형', '종류', '방향'] },
  price,
  quantity: { headings: ['Amount', 'Quantity', 'Executed', '수량'], holds: 'number' },
  total: { headings: ['Total', '총액', '합계'], optional: true, holds: 'number' },
  fee,
  feeCoin: { headings: ['Fee Coin', 'Fee Asset', '수수료 통화', '수수료 코인'] },
};

export const binanceReport: ImportFormat = {
  ...shared,
  columns: reportColumns,
  read: eachRow((row) => {
    const side = sideIn(row);
    const feeCoin = row.text('feeCoin').toUpperCase();
    return oneOfPairs(row.text('pair'), pairsIn(row), (traded) => {
      checkTotal(row, traded);
      return [trade(row, side, traded, feeOf(row.amount('fee', [feeCoin]), feeCoin))];
    });
  }),
};

/**
 * The trade history of the orders page. Units are attached to the numbers (`0.5BTC`); they show where to
 * split the pair and in which coin the fee was paid.
 */
export const binanceOrdersPage: ImportFormat = {
  ...shared,
  columns: {
    time,
    pair,
    side: { headings: ['Side', 'Type', '방향', '유형', '종류', 'Lado'] },
    price,
    quantity: { headings: ['Executed', '체결', '체결량', '체결 수량', 'Ejecutado'], holds: 'number' },
    amount: { headings: ['Amount', '금액', '총액', 'Cantidad'], holds: 'number' },
    fee,
    feeCoin: { headings: ['Fee Coin', 'Fee Asset', '수수료 통화', '수수료 코인'], optional: true },
  },
  read: eachRow((row) => {
    const side = sideIn(row);
    const known = pairOfUnits(row.text('pair'), row.text('quantity'), row.text('amount'));
    return oneOfPairs(row.text('pair'), known === null ? pairsIn(row) : [known], (traded) => {
      checkTotal(row, traded, { name: 'amount' });
      return [trade(row, side, traded, feeIn(row, traded))];
    });
  }),
};

/** A fee coin that is neither bought nor paid with. */
const COIN = /^[\d.,' ]*\d ?([A-Z][A-Z0-9]*)$/i;

function feeIn(row: Row, { base, quote }: Pair): RawTrade['fee'] {
  const cell = row.text('fee');
  const isOfPair = [base, quote].some((unit) => cell.toUpperCase().endsWith(unit));
  const third = isOfPair ? undefined : COIN.exec(cell)?.[1]?.toUpperCase();
  const { number, unit } = row.amount('fee', third === undefined ? [base, quote] : [third]);
  if (number === null || /^0*(\.0*)?$/.test(number)) return undefined;
  const currency = unit ?? row.text('feeCoin').toUpperCase();
  if (currency === '') throw row.error('fee', 'unknown-asset', 'does not say in which coin');
  return { amount: number, currency };
}
