import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type RawEntry, sideIn } from '../reading/format.ts';
import { amountOf, charged, costIn } from '../reading/legs.ts';
import { transfer } from '../reading/readings.ts';
import { splitPair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';

const shared = {
  order: null,
  // The headings state it.
  zone: () => null,
  decimal: null,
  dates: null,
  since: Date.UTC(2017, 8, 1),
} as const;

/** KuCoin writes a maker's rebate as a negative fee. */
function tradeIn(row: Row): RawEntry[] {
  const side = sideIn(row);
  const [pair] = splitPair(row.text('symbol'), { all: [] });
  if (pair === undefined) throw row.error('symbol', 'not-a-pair', 'is not a pair such as BTC-USDT');
  checkTotal(row, pair);
  const fee = row.numberOrNull('fee');
  const currency = row.text('feeCoin').toUpperCase();
  if (fee !== null && currency === '' && amountOf(fee) !== 0n) {
    throw row.error('feeCoin', 'empty', 'is empty, but there is a fee');
  }
  const type = row.text('orderType').toLowerCase();
  return charged(
    {
      kind: 'trade',
      exchange: 'kucoin',
      symbol: `${pair.base}/${pair.quote}`,
      side,
      quantity: row.number('quantity'),
      price: row.number('price'),
      time: row.time('time'),
      orderId: row.text('orderId') || undefined,
      type: /^[a-z][a-z0-9_-]{0,29}$/.test(type) ? type : undefined,
    },
    costIn({ asset: currency, amount: fee ?? '0' }),
  );
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

/**
 * KuCoin's spot orders and fills from an export bundle, with columns in any order. Unfilled orders move
 * nothing.
 */
export const kucoinTrades: ImportFormat = {
  ...shared,
  name: 'kucoin-trades',
  foreign: { headings: /^(leverage|reali[sz]ed pnl|contract)$/i, code: 'futures', instead: 'spot-history' },
  columns: {
    orderId: { headings: ['Order ID'] },
    symbol: { headings: ['Symbol'] },
    side: { headings: ['Side'] },
    orderType: { headings: ['Order Type'], optional: true },
    price: { headings: ['Avg. Filled Price'], holds: 'number' },
    quantity: { headings: ['Filled Amount'], holds: 'number' },
    total: { headings: ['Filled Volume'], optional: true, holds: 'number' },
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
    return { entries: tradeIn(row) };
  }),
};

/** The format from 2019 to 2022, without a zone. */
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
    total: { headings: ['funds'], optional: true, holds: 'number' },
    fee: { headings: ['fee'], holds: 'number' },
    feeCoin: { headings: ['feeCurrency'] },
    orderType: { headings: ['orderType'], optional: true },
  },
  source,
  read: eachRow((row) => ({ entries: tradeIn(row) })),
};

/** KuCoin's deposits and withdrawals, told apart by the heading of the address column. */
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
  source: { asset: 'coin', quantity: 'amount', fee: 'fee', time: 'time' },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^success/i.test(status)) return ignored('not-completed', status);
    const asset = row.text('coin').toUpperCase();
    const [amount, fee] = [amountOf(row.number('amount')), amountOf(row.numberOrNull('fee') ?? '0')];
    const isOut = row.columns.has('to') || /^withdraw/i.test(row.text('remarks'));
    return transfer(
      { asset, amount: decimal(isOut ? -amount - fee : amount - fee) },
      {
        exchange: 'kucoin',
        time: row.time('time'),
        // One transaction may have several outputs, so it does not identify an entry.
        txid: row.text('hash') || undefined,
      },
      fee,
    );
  }),
};
