import { decimal } from '../../money/money.ts';
import { eachRow, type GroupReading, ignored, type ImportFormat, type Move } from '../reading/format.ts';
import type { Columns } from '../reading/headings.ts';
import { amountOf, exchangeOf, type Occasion, transfer, undecided } from '../reading/legs.ts';
import { type Zone, zoneOf } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** `Time Zone:UTC+8` above the headings. */
function zoneAbove(_: Columns, preamble: readonly string[]): Zone | null {
  const name = /Time ?Zone:\s*((?:UTC|GMT)[+-]?\d{0,2}(?::?\d{2})?)/i.exec(preamble.join(','))?.[1];
  if (name === undefined) return null;
  return zoneOf(/^(UTC|GMT)$/i.test(name) ? 'UTC' : name);
}

const TRADE = /^(spot|margin|convert|easy convert|small assets convert)$/i;
const DERIVATIVE = /^(futures|perpetual swap|options?|funding fee|liquidation|delivery)/i;
const INCOME = /reward|rebate|interest|yield|airdrop|bonus/i;
const INTERNAL = /^(transfer|stake|redeem|savings|simple earn (sub|red)|from |to )/i;

function changeOf(row: Row): Move {
  return { asset: row.text('coin').toUpperCase(), amount: row.number('change') };
}

/** The fee is part of the change: it is taken out of it, to be told by itself. */
function read(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const [first] = rows;
  const occasion: Occasion = {
    exchange: 'okx',
    time: first.time('time'),
    orderId: orderIdOf(first),
  };
  const kind = first.text('kind');
  if (!TRADE.test(kind)) {
    return rows.map((row) => ({ rows: [row], reading: readAlone(row, kind, occasion) }));
  }
  const fees = rows.map((row): Move => ({
    asset: row.text('feeCoin').toUpperCase() || row.text('coin').toUpperCase(),
    amount: row.numberOrNull('fee') ?? '0',
  }));
  const legs = rows.map((row, index): Move => {
    const { asset, amount } = changeOf(row);
    const fee = fees[index];
    const own = fee?.asset === asset ? amountOf(fee.amount) : 0n;
    return { asset, amount: decimal(amountOf(amount) - own) };
  });
  return [{ rows, reading: exchangeOf(legs, fees, occasion, `${kind} ${first.text('symbol')}`) }];
}

/** A spreadsheet turns long ids into `3.56E+18`: such a one is none. */
function orderIdOf(row: Row): string | undefined {
  const id = row.text('orderId');
  return /^\w+$/.test(id) ? id : undefined;
}

function readAlone(row: Row, kind: string, occasion: Occasion): GroupReading['reading'] {
  const move = changeOf(row);
  if (INCOME.test(kind)) return transfer(move, occasion, 'income');
  if (INTERNAL.test(kind)) return ignored('internal-transfer', kind, [move]);
  if (/^(deposit|withdrawal)/i.test(kind)) return transfer(move, occasion);
  if (DERIVATIVE.test(kind)) return undecided('derivative', kind, [move], occasion);
  return undecided('unknown-kind', kind, [move], occasion);
}

const common = {
  hasIds: false,
  order: null,
  decimal: null,
  dates: null,
  since: Date.UTC(2017, 0, 1),
} as const;

/** OKX's bills of the trading account: a row for each coin of a trade. The zone is told above the headings. */
export const okxTrading: ImportFormat = {
  ...common,
  name: 'okx-trading',
  columns: {
    id: { headings: ['id'] },
    orderId: { headings: ['Order id'] },
    time: { headings: ['Time'], holds: 'time' },
    kind: { headings: ['Trade Type'] },
    symbol: { headings: ['Symbol', 'Instrument'] },
    fee: { headings: ['Fee'], holds: 'number' },
    feeCoin: { headings: ['Fee Unit'], optional: true },
    change: { headings: ['Balance Change'], holds: 'number' },
    balance: { headings: ['Balance'], holds: 'number' },
    coin: { headings: ['Balance Unit'] },
  },
  zone: zoneAbove,
  source: { symbol: 'symbol', asset: 'coin', quantity: 'change', price: 'change', fee: 'fee', time: 'time' },
  group: (row) => ['time', 'orderId', 'kind', 'symbol'].map((name) => row.text(name)).join('\t'),
  read,
};

/** As it was until 2023: two columns are called `Unit`, and the second is that of the balance. */
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

/** OKX's withdrawals from the funding account. Amounts are without the fee; the zone is not told. */
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
    const amount = amountOf(row.number('amount')) + amountOf(row.numberOrNull('fee') ?? '0');
    return transfer(
      { asset: row.text('coin').toUpperCase(), amount: decimal(-amount) },
      { exchange: 'okx', time: row.time('time'), externalId: row.text('id') || undefined },
    );
  }),
};
