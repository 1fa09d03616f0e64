import { decimal } from '../../money/money.ts';
import { eachRow, type GroupReading, ignored, type ImportFormat, type Move } from '../reading/format.ts';
import type { Columns } from '../reading/headings.ts';
import { amountOf, type Occasion } from '../reading/legs.ts';
import { charge, namedTransfer, reward, transfer, exchangeOf } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { ownTransfers } from '../reading/own-transfers.ts';
import { type Zone, zoneOf } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';
import { checkLegs } from '../reading/total.ts';

/** `Time Zone:UTC+8` above the headings. */
function zoneAbove(_: Columns, preamble: readonly string[]): Zone | null {
  const name = /Time ?Zone:\s*((?:UTC|GMT)[+-]?\d{0,2}(?::?\d{2})?)/i.exec(preamble.join(','))?.[1];
  if (name === undefined) return null;
  return zoneOf(/^(UTC|GMT)$/i.test(name) ? 'UTC' : name);
}

const TRADE = /^(spot|margin)$/i;
const CONVERT = /convert$/i;
const DERIVATIVE = /^(futures|perpetual swap|options?|funding fee|liquidation|delivery)/i;
const REBATE = /^fee rebate/i;
const INCOME = /reward|rebate|interest|yield|airdrop|bonus/i;
const INTERNAL = /^(transfer|stake|redeem|savings|simple earn (sub|red)|from |to )/i;
/** Places where coins earn interest. */
const EARNING = /^(stake|redeem|savings|simple earn)/i;

function changeOf(row: Row): Move {
  return { asset: row.text('coin').toUpperCase(), amount: row.number('change') };
}

function feeIn(row: Row): Move {
  const asset = row.text('feeCoin').toUpperCase() || row.text('coin').toUpperCase();
  return { asset, amount: row.numberOrNull('fee') ?? '0' };
}

/** The change includes the fee, which is subtracted and reported separately. */
function read(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const [first] = rows;
  const occasion: Occasion = {
    exchange: 'okx',
    time: first.time('time'),
    orderId: orderIdOf(first),
  };
  const kind = first.text('kind');
  const isConvert = CONVERT.test(kind);
  if (!isConvert && INTERNAL.test(kind) && !INCOME.test(kind)) {
    const places = { here: 'okx trading', there: EARNING.test(kind) ? 'okx earn' : 'okx funding' };
    const legs = rows.map((row) => ({ row, word: kind, move: changeOf(row), places }));
    return ownTransfers(legs, occasion);
  }
  if (!isConvert && !TRADE.test(kind)) {
    return rows.map((row) => ({ rows: [row], reading: readAlone(row, kind, occasion) }));
  }
  const fees = rows.map(feeIn);
  const legs = rows.map((row, index): Move => {
    const { asset, amount } = changeOf(row);
    const fee = fees[index];
    const own = fee?.asset === asset ? amountOf(fee.amount) : 0n;
    return { asset, amount: decimal(amountOf(amount) - own) };
  });
  const [base = '', quote = ''] = first.text('symbol').toUpperCase().split('-');
  if (!isConvert) checkLegs(rows, legs, { base, quote }, 'change');
  const word = `${kind} ${first.text('symbol')}`.trim();
  return [{ rows, reading: exchangeOf(legs, fees, occasion, word, isConvert ? 'convert' : 'trade') }];
}

/** A spreadsheet turns long ids into `3.56E+18`, which no longer identify anything. */
function orderIdOf(row: Row): string | undefined {
  const id = row.text('orderId');
  return /^\w+$/.test(id) ? id : undefined;
}

function readAlone(row: Row, kind: string, occasion: Occasion): GroupReading['reading'] {
  const move = changeOf(row);
  if (REBATE.test(kind)) return charge(move, occasion);
  if (INCOME.test(kind)) return reward(move, occasion, kind);
  if (/^(deposit|withdrawal)/i.test(kind)) {
    const { asset, amount } = feeIn(row);
    return namedTransfer(kind, move, occasion, asset === move.asset ? -amountOf(amount) : 0n);
  }
  if (DERIVATIVE.test(kind)) return undecided('derivative', kind, [move], occasion);
  return undecided('unknown-kind', kind, [move], occasion);
}

const common = {
  order: null,
  decimal: null,
  dates: null,
  since: Date.UTC(2017, 0, 1),
} as const;

/**
 * OKX's bills of the trading account: one row for each coin of a trade. The zone is stated above the
 * headings.
 */
export const okxTrading: ImportFormat = {
  ...common,
  name: 'okx-trading',
  columns: {
    id: { headings: ['id'] },
    orderId: { headings: ['Order id'] },
    time: { headings: ['Time'], holds: 'time' },
    kind: { headings: ['Trade Type'] },
    symbol: { headings: ['Symbol', 'Instrument'] },
    price: { headings: ['Filled Price'], optional: true, holds: 'number' },
    fee: { headings: ['Fee'], holds: 'number' },
    feeCoin: { headings: ['Fee Unit'], optional: true },
    change: { headings: ['Balance Change'], holds: 'number' },
    balance: { headings: ['Balance'], holds: 'number' },
    coin: { headings: ['Balance Unit'] },
  },
  zone: zoneAbove,
  source: { symbol: 'symbol', asset: 'coin', quantity: 'change', price: 'change', fee: 'fee', time: 'time' },
  group: (row) =>
    (CONVERT.test(row.text('kind')) ? ['time', 'kind'] : ['time', 'orderId', 'kind', 'symbol'])
      .map((name) => row.text(name))
      .join('\t'),
  read,
};

/** The format until 2023: two columns are named `Unit`, the second of which belongs to the balance. */
export const okxTradingOld: ImportFormat = {
  ...okxTrading,
  name: 'okx-trading',
  columns: {
    ...okxTrading.columns,
    symbol: { headings: ['Instrument'] },
    coin: { headings: ['Unit#2'] },
  },
  zone: () => null,
};

/** OKX's withdrawals from the funding account. Amounts exclude the fee; the zone is not stated. */
export const okxWithdrawals: ImportFormat = {
  ...common,
  name: 'okx-withdrawals',
  dates: { order: 'mdy', shape: /^\d{2}\/\d{2}\/\d{4} \d{2}:\d{2}:\d{2}$/ },
  columns: {
    time: { headings: ['Time'], holds: 'time' },
    coin: { headings: ['Crypto'] },
    address: { headings: ['Withdrawal address'] },
    txid: { headings: ['Transaction ID'] },
    amount: { headings: ['Amount'], holds: 'number' },
    fee: { headings: ['Fee'], holds: 'number' },
    status: { headings: ['Status'] },
    id: { headings: ['Reference no.'] },
  },
  zone: () => null,
  source: { asset: 'coin', quantity: 'amount', fee: 'fee', time: 'time', externalId: 'id' },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^(sent|completed|success)/i.test(status)) return ignored('not-completed', status);
    const [amount, fee] = [amountOf(row.number('amount')), amountOf(row.numberOrNull('fee') ?? '0')];
    return transfer(
      { asset: row.text('coin').toUpperCase(), amount: decimal(-amount - fee) },
      {
        exchange: 'okx',
        time: row.time('time'),
        externalId: row.text('id') || undefined,
        txid: row.text('txid') || undefined,
      },
      fee,
    );
  }),
};
