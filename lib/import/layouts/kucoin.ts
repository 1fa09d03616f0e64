import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type RawTrade, sideOf } from '../reading/format.ts';
import { amountOf, transfer } from '../reading/legs.ts';
import { splitPair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';

const shared = {
  hasIds: false,
  order: null,
  // Headings name it.
  zone: () => null,
  decimal: null,
  dates: null,
  since: Date.UTC(2017, 8, 1),
} as const;

function tradeIn(row: Row): RawTrade {
  const side = sideOf(row.text('side'));
  if (side === null) throw row.error('side', 'unknown-side', 'must be BUY or SELL');
  const [pair] = splitPair(row.text('symbol'), { all: [] });
  if (pair === undefined) throw row.error('symbol', 'not-a-pair', 'is not a pair such as BTC-USDT');
  const fee = row.numberOrNull('fee');
  const currency = row.text('feeCoin').toUpperCase();
  if (fee !== null && currency === '' && amountOf(fee) !== 0n) {
    throw row.error('feeCoin', 'empty', 'is empty, but there is a fee');
  }
  const type = row.text('orderType').toLowerCase();
  return {
    kind: 'trade',
    exchange: 'kucoin',
    symbol: `${pair.base}/${pair.quote}`,
    side,
    quantity: row.number('quantity'),
    price: row.number('price'),
    fee: fee === null || currency === '' ? undefined : { amount: fee, currency },
    time: row.time('time'),
    orderId: row.text('orderId') || undefined,
    type: /^[a-z][a-z0-9_-]{0,29}$/.test(type) ? type : undefined,
  };
}

const source = {
  symbol: 'symbol',
  side: 'side',
  quantity: 'quantity',
  price: 'price',
  fee: 'fee',
  time: 'time',
  orderId: 'orderId',
  type: 'orderType',
};

/** KuCoin's spot orders and fills of a bundle, in any order of columns. What was not filled moves nothing. */
export const kucoinTrades: ImportFormat = {
  ...shared,
  name: 'kucoin-trades',
  foreign: ['Leverage', 'Realized PNL', 'Contract'],
  columns: {
    orderId: { headings: ['Order ID'] },
    symbol: { headings: ['Symbol'] },
    side: { headings: ['Side'] },
    orderType: { headings: ['Order Type'], optional: true },
    price: { headings: ['Avg. Filled Price'], holds: 'number' },
    quantity: { headings: ['Filled Amount'], holds: 'number' },
    time: { headings: ['Filled Time'], holds: 'time' },
    fee: { headings: ['Fee'], holds: 'number' },
    feeCoin: { headings: ['Fee Currency'] },
    status: { headings: ['Status'], optional: true },
  },
  source,
  read: eachRow((row) => {
    const status = row.text('status');
    const quantity = row.numberOrNull('quantity');
    if (quantity === null || amountOf(quantity) === 0n) return ignored('not-completed', status || 'no fill');
    return { entries: [tradeIn(row)] };
  }),
};

/** What it was from 2019 to 2022, without a zone. */
export const kucoinOld: ImportFormat = {
  ...shared,
  name: 'kucoin-trades',
  columns: {
    time: { headings: ['tradeCreatedAt'], holds: 'time' },
    orderId: { headings: ['orderId'], optional: true },
    symbol: { headings: ['symbol'] },
    side: { headings: ['side'] },
    price: { headings: ['price'], holds: 'number' },
    quantity: { headings: ['size'], holds: 'number' },
    fee: { headings: ['fee'], holds: 'number' },
    feeCoin: { headings: ['feeCurrency'] },
    orderType: { headings: ['orderType'], optional: true },
  },
  source,
  read: eachRow((row) => ({ entries: [tradeIn(row)] })),
};

/** KuCoin's deposits and withdrawals: one has an address of deposit, the other of withdrawal. */
export const kucoinTransfers: ImportFormat = {
  ...shared,
  name: 'kucoin-transfers',
  columns: {
    time: { headings: ['Time'], holds: 'time' },
    coin: { headings: ['Coin'] },
    amount: { headings: ['Amount'], holds: 'number' },
    fee: { headings: ['Fee'], holds: 'number' },
    hash: { headings: ['Hash'], optional: true },
    to: { headings: ['Withdrawal Address/Account'], optional: true },
    network: { headings: ['Transfer Network'] },
    status: { headings: ['Status'] },
    remarks: { headings: ['Remarks'] },
  },
  source: { asset: 'coin', quantity: 'amount', fee: 'fee', time: 'time', externalId: 'hash' },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^success/i.test(status)) return ignored('not-completed', status);
    const asset = row.text('coin').toUpperCase();
    const [amount, fee] = [amountOf(row.number('amount')), amountOf(row.numberOrNull('fee') ?? '0')];
    const isOut = row.columns.has('to') || /^withdraw/i.test(row.text('remarks'));
    const hash = row.text('hash');
    return transfer(
      { asset, amount: decimal(isOut ? -amount - fee : amount - fee) },
      {
        exchange: 'kucoin',
        time: row.time('time'),
        externalId: hash === '' ? undefined : `${asset}:${hash}`,
      },
    );
  }),
};
