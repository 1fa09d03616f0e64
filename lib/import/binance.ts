import { plainNumber } from './amount.ts';
import { CellError } from './cell-error.ts';
import { amountIn, feeOf, numberIn, sideOf, timeIn, type ImportFormat, type RawTrade } from './format.ts';
import type { Columns, ColumnSpec } from './headings.ts';
import { UTC, type Zone } from './local-time.ts';

/** What its markets are quoted in, longest first: `BTCUSDT` does not say where its base ends. */
const QUOTES =
  'FDUSD USDT USDC USD1 TUSD BUSD USDP BIDR IDRT BVND AEUR EURI DOGE VAI BTC ETH BNB XRP TRX DOT SOL DAI PAX TRY EUR BRL GBP AUD RUB UAH NGN ZAR PLN RON ARS JPY MXN CZK COP KRW'.split(
    ' ',
  );

function split(pair: string): { base: string; quote: string } | null {
  const [base = '', quote = ''] = pair.split(/[/_-]/);
  if (quote !== '') return { base, quote };
  const known = QUOTES.find((each) => pair.endsWith(each) && pair.length > each.length);
  return known === undefined ? null : { base: pair.slice(0, -known.length), quote: known };
}

function pairIn(row: readonly string[], columns: Columns): { base: string; quote: string } {
  const pair = columns.cell(row, 'pair').toUpperCase();
  const [base, quote] = [columns.cell(row, 'base'), columns.cell(row, 'quote')];
  if (base !== '' && quote !== '') return { base: base.toUpperCase(), quote: quote.toUpperCase() };
  const parts = split(pair);
  if (parts === null) throw new CellError(columns.heading('pair'), 'is not a pair such as BTCUSDT');
  return parts;
}

/** The number before a known unit, which may begin with a digit: `0.51INCH` is half a 1INCH. */
function before(unit: string, row: readonly string[], columns: Columns, name: string): string {
  const cell = columns.cell(row, name);
  const text = cell.toUpperCase().endsWith(unit) ? cell.slice(0, -unit.length).trim() : cell;
  const number = plainNumber(text);
  if (number === null) throw new CellError(columns.heading(name), 'is not a plain decimal number');
  return number;
}

function timeOf(row: readonly string[], columns: Columns, zone: Zone | null): number {
  if (zone !== null) return timeIn(row, columns, 'time', zone);
  throw new CellError(columns.heading('time'), 'has no time zone: say it as `tz`');
}

/** A heading that names the zone goes first; under `Time` the clocks are those the user had chosen for the export. */
function zoneOfHeading(columns: Columns): Zone | null {
  return /UTC/i.test(columns.heading('time')) ? UTC : null;
}

const time = {
  headings: [
    'Date(UTC)',
    'Date(UTC+0)',
    'Time(UTC)',
    '날짜(UTC)',
    '시간(UTC)',
    'Time',
    'Date',
    '시간',
    '날짜',
  ],
};
const pair = { headings: ['Market', 'Pair', 'Symbol', '거래쌍', '마켓', '페어'] };
const price = { headings: ['Price', '가격', '체결가'] };
const fee = { headings: ['Fee', '수수료'] };
const source = {
  symbol: 'pair',
  side: 'side',
  quantity: 'quantity',
  price: 'price',
  fee: 'fee',
  time: 'time',
};

/** The trade history of the report centre: plain numbers, the fee's coin in a column of its own. */
const reportColumns: ColumnSpec = {
  time,
  pair,
  base: { headings: ['Base Asset'], optional: true },
  quote: { headings: ['Quote Asset'], optional: true },
  side: { headings: ['Type', 'Side', '유형', '종류', '방향'] },
  price,
  quantity: { headings: ['Amount', 'Quantity', '수량'] },
  fee,
  feeCoin: { headings: ['Fee Coin', 'Fee Asset', '수수료 통화', '수수료 코인'] },
};

export const binanceReport: ImportFormat = {
  name: 'binance',
  columns: reportColumns,
  source,
  hasIds: false,
  order: null,
  zone: zoneOfHeading,
  read(row, columns, zone) {
    const side = sideOf(columns.cell(row, 'side'));
    if (side === null) throw new CellError(columns.heading('side'), 'must be BUY or SELL');
    const { base, quote } = pairIn(row, columns);
    const trade: RawTrade = {
      exchange: 'binance',
      symbol: `${base}/${quote}`,
      side,
      quantity: numberIn(row, columns, 'quantity'),
      price: numberIn(row, columns, 'price'),
      fee: feeOf(amountIn(row, columns, 'fee'), columns.cell(row, 'feeCoin').toUpperCase()),
      time: timeOf(row, columns, zone),
    };
    return { trade };
  },
};

/**
 * The trade history of the orders page: the units are stuck to the numbers (`0.5BTC`). They tell where the pair is to be
 * split, and which coin the fee was paid in.
 */
export const binanceOrdersPage: ImportFormat = {
  name: 'binance',
  columns: {
    time,
    pair,
    side: { headings: ['Side', 'Type', '방향', '유형', '종류'] },
    price,
    quantity: { headings: ['Executed', '체결', '체결량', '체결 수량'] },
    amount: { headings: ['Amount', '금액', '총액'] },
    fee,
    feeCoin: { headings: ['Fee Coin', 'Fee Asset', '수수료 통화', '수수료 코인'], optional: true },
  },
  source,
  hasIds: false,
  order: null,
  zone: zoneOfHeading,
  read(row, columns, zone) {
    const side = sideOf(columns.cell(row, 'side'));
    if (side === null) throw new CellError(columns.heading('side'), 'must be BUY or SELL');
    const name = columns.cell(row, 'pair').toUpperCase();
    const unit = amountIn(row, columns, 'amount').unit;
    const isUnit = unit !== null && name.endsWith(unit) && name.length > unit.length;
    const { base, quote } = isUnit
      ? { base: name.slice(0, -unit.length).replace(/[/_-]$/, ''), quote: unit }
      : pairIn(row, columns);
    return {
      trade: {
        exchange: 'binance',
        symbol: `${base}/${quote}`,
        side,
        quantity: before(base, row, columns, 'quantity'),
        price: numberIn(row, columns, 'price'),
        fee: feeIn(row, columns, base),
        time: timeOf(row, columns, zone),
      },
    };
  },
};

function feeIn(row: readonly string[], columns: Columns, base: string): RawTrade['fee'] {
  const cell = columns.cell(row, 'fee');
  if (cell === '' || cell === '-') return undefined;
  if (cell.toUpperCase().endsWith(base)) return { amount: before(base, row, columns, 'fee'), currency: base };
  const { number, unit } = amountIn(row, columns, 'fee');
  if (number === null || /^0*(\.0*)?$/.test(number)) return undefined;
  const currency = unit ?? columns.cell(row, 'feeCoin').toUpperCase();
  if (currency === '') throw new CellError(columns.heading('fee'), 'does not say in which coin');
  return { amount: number, currency };
}
