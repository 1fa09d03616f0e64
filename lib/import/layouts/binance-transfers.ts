import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type Move, type RowReading } from '../reading/format.ts';
import { amountOf, transferOf, withdrawalOf } from '../reading/legs.ts';
import { transfer } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import type { Row } from '../reading/row.ts';

const shared = {
  name: 'binance-transfers',
  order: null,
  zone: () => null,
  decimal: null,
  dates: { order: 'ymd', shape: /^\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  since: Date.UTC(2017, 6, 1),
  source: { asset: 'coin', quantity: 'amount', fee: 'fee', time: 'time' },
} as const;

/**
 * Binance's deposits and withdrawals of coins. Files of withdrawals have a fee column. In older files only
 * the file name tells the direction, so the user decides.
 */
export const binanceTransfers: ImportFormat = {
  ...shared,
  columns: {
    time: { headings: ['Date'], holds: 'time' },
    coin: { headings: ['Coin'] },
    network: { headings: ['Network'] },
    amount: { headings: ['Amount'], holds: 'number' },
    fee: { headings: ['Fee'], optional: true, holds: 'number' },
    oldFee: { headings: ['TransactionFee'], optional: true, holds: 'number' },
    address: { headings: ['Address'] },
    txid: { headings: ['TXID'] },
    status: { headings: ['Status'] },
  },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^completed$/i.test(status)) return ignored('not-completed', status);
    const asset = row.text('coin').toUpperCase();
    const amount = amountOf(row.number('amount'));
    const occasion = { exchange: 'binance', time: row.time('time'), txid: txidOf(row) };
    const oldFee = row.numberOrNull('oldFee');
    if (oldFee !== null) return oldTransfer(row, { asset, amount, fee: amountOf(oldFee) });
    const fee = row.numberOrNull('fee');
    const change = fee === null ? amount : -amount - amountOf(fee);
    return transfer({ asset, amount: decimal(change) }, occasion, amountOf(fee ?? '0'));
  }),
};

/**
 * The id on the chain, or of the exchange's internal transfer. It does not identify an entry: a transaction
 * may have several outputs, and a transfer between two accounts of the exchange is a withdrawal of one and a
 * deposit of the other.
 */
function txidOf(row: Row): string | undefined {
  const id = row.text('txid').replace(/^Off-chain transfer\s*/i, '');
  return id.slice(0, 200) || undefined;
}

function oldTransfer(
  row: Row,
  { asset, amount, fee }: { asset: string; amount: bigint; fee: bigint },
): RowReading {
  const occasion = { exchange: 'binance', time: row.time('time'), txid: txidOf(row) };
  const options = [
    { id: 'deposit', entries: [transferOf({ asset, amount: decimal(amount) }, occasion)] },
    { id: 'withdrawal', entries: [withdrawalOf({ asset, amount: decimal(-amount - fee) }, occasion, fee)] },
  ];
  const reading = undecided('unknown-kind', 'TransactionFee', [{ asset, amount: decimal(amount) }], occasion);
  if (!('decision' in reading)) return reading;
  return { decision: { ...reading.decision, options: [...options, { id: 'nothing', entries: [] }] } };
}

/** Binance's deposits and withdrawals of cash; only the file name tells which of the two they are. */
export const binanceFiat: ImportFormat = {
  ...shared,
  columns: {
    time: { headings: ['Date'], holds: 'time' },
    coin: { headings: ['Coin'] },
    amount: { headings: ['Amount'], holds: 'number' },
    status: { headings: ['Status'] },
    method: { headings: ['Payment Method'] },
    indicated: { headings: ['Indicated Amount'], holds: 'number' },
    fee: { headings: ['Fee'], holds: 'number' },
    orderId: { headings: ['Order ID'] },
  },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^(successful|completed)$/i.test(status)) return ignored('not-completed', status);
    const asset = row.text('coin').toUpperCase();
    const occasion = {
      exchange: 'binance',
      time: row.time('time'),
      externalId: row.text('orderId') || undefined,
    };
    // A deposit adds the amount; a withdrawal takes the indicated amount, which includes the fee.
    const amount = row.number('amount');
    const leaving: Move = { asset, amount: decimal(-amountOf(row.number('indicated'))) };
    const fee = amountOf(row.numberOrNull('fee') ?? '0');
    const options = [
      { id: 'deposit', entries: [transferOf({ asset, amount }, occasion)] },
      { id: 'withdrawal', entries: [withdrawalOf(leaving, occasion, fee)] },
    ];
    return {
      decision: {
        code: 'unknown-kind',
        word: row.text('method'),
        time: occasion.time,
        exchange: 'binance',
        moves: [{ asset, amount }],
        options: [...options, { id: 'nothing', entries: [] }],
      },
    };
  }),
};
