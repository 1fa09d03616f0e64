import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type RowReading } from '../reading/format.ts';
import { amountOf, transfer, undecided } from '../reading/legs.ts';
import type { Row } from '../reading/row.ts';

const shared = {
  name: 'binance-transfers',
  hasIds: false,
  order: null,
  zone: () => null,
  decimal: null,
  dates: { order: 'ymd', shape: /^\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  since: Date.UTC(2017, 6, 1),
  source: { asset: 'coin', quantity: 'amount', fee: 'fee', time: 'time' },
} as const;

/**
 * Binance's deposits and withdrawals of coins. Files of withdrawals have a fee; which way an older one goes is in its
 * name only, so its rows are asked about.
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
    return transfer({ asset, amount: decimal(change) }, occasion);
  }),
};

/**
 * The id on the chain, or of the exchange's own transfer. It does not tell entries apart: a transaction may have several
 * outputs, and a transfer between two accounts of the exchange is a withdrawal of one and a deposit of the other.
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
  const options = (['deposit', 'withdrawal'] as const).map((kind) => ({
    id: kind,
    entries: [{ kind, ...occasion, asset, quantity: decimal(kind === 'deposit' ? amount : amount + fee) }],
  }));
  const reading = undecided('unknown-kind', 'TransactionFee', [{ asset, amount: decimal(amount) }], occasion);
  if (!('decision' in reading)) return reading;
  return { decision: { ...reading.decision, options: [...options, { id: 'nothing', entries: [] }] } };
}

/** Binance's deposits and withdrawals of cash: which of the two is in the file's name only. */
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
    // What arrives is the amount; what leaves is the amount indicated.
    const amounts = { deposit: row.number('amount'), withdrawal: row.number('indicated') };
    const options = (['deposit', 'withdrawal'] as const).map((kind) => ({
      id: kind,
      entries: [{ kind, ...occasion, asset, quantity: amounts[kind] }],
    }));
    return {
      decision: {
        code: 'unknown-kind',
        word: row.text('method'),
        time: occasion.time,
        exchange: 'binance',
        moves: [{ asset, amount: amounts.deposit }],
        options: [...options, { id: 'nothing', entries: [] }],
      },
    };
  }),
};
