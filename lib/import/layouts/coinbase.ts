import { decimal } from '../../money/money.ts';
import { plainNumber } from '../reading/amount.ts';
import {
  eachRow,
  type GroupReading,
  ignored,
  type ImportFormat,
  type Move,
  type RowReading,
} from '../reading/format.ts';
import { amountOf, exchangeOf, type Occasion, tradeOf, transfer, undecided } from '../reading/legs.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

const INCOME =
  /^(staking income|rewards? income|inflation reward|learning reward|coinbase earn|interest payout|subscription rebate)/i;
const INTERNAL =
  /^(retail (un)?staking transfer|cash to savings|savings to cash|pro (deposit|withdrawal)|exchange (deposit|withdrawal)|vault withdrawal|prime deposit)/i;
const RENAMED = /^(retail eth2 deprecation|asset migration)/i;

/** `-$84,000.00`, `€10.50`, `kr 99.50`: the sign of the money, in front, says nothing that its column does not. */
function moneyIn(row: Row, name: string): string | null {
  const cell = row.text(name);
  if (cell === '') return null;
  const match = /^([-−]?)\s*(?:[^\d\s.,\-−]{1,4})?\s*([-−]?\s*\d[\d.,'’ \u00A0]*)$/.exec(cell);
  if (match === null) throw row.error(name, 'not-a-number', 'is not an amount of money such as $84,000.00');
  const number = row.numberIn(name, (match[2] ?? '').trim());
  return decimal(amountOf(match[1] === '' || number.startsWith('-') ? number : `-${number}`));
}

/** `Converted 0.005 BTC to 0.1866 ETH`: what the other side of a conversion is told by, and nothing else. */
const CONVERTED = /^Converted ([\d.,]+) ([A-Z0-9]+) to ([\d.,]+) ([A-Z0-9]+)/;
/** `Sold 0.05 ETH for 114.31 USD on ETH-USD`: the pair, where it is not one of money. */
const PAIR = /\bon ([A-Z0-9]+)-([A-Z0-9]+)\b/;

function abs(amount: string): string {
  return amount.replace(/^-/, '');
}

function traded(row: Row, side: 'buy' | 'sell', occasion: Occasion): RowReading {
  const asset = row.text('asset').toUpperCase();
  const quantity = abs(row.number('quantity'));
  const money = row.text('currency').toUpperCase();
  const pair = PAIR.exec(row.text('notes'));
  const subtotal = moneyIn(row, 'subtotal');
  const fee = abs(moneyIn(row, 'fee') ?? '0');
  const move: Move = { asset, amount: side === 'buy' ? quantity : `-${quantity}` };
  // Paid with a coin: its amount is in no column.
  if (subtotal === null || money === '' || (pair !== null && pair[2] !== money)) {
    return undecided('incomplete-trade', row.text('kind'), [move], occasion);
  }
  const total = abs(subtotal);
  const paid: Move = { asset: money, amount: side === 'buy' ? `-${total}` : total };
  const cost = amountOf(fee) === 0n ? [] : [{ asset: money, amount: `-${fee}` }];
  return exchangeOf([move, paid], cost, occasion, row.text('kind'));
}

function converted(row: Row, occasion: Occasion): RowReading {
  const match = CONVERTED.exec(row.text('notes'));
  const asset = row.text('asset').toUpperCase();
  const quantity = abs(row.number('quantity'));
  const gives: Move = { asset, amount: `-${quantity}` };
  const [, , from, amount = '', to = ''] = match ?? [];
  const number = plainNumber(amount, '.');
  if (from !== asset || typeof number !== 'string') {
    return undecided('incomplete-trade', row.text('kind'), [gives], occasion);
  }
  return { entries: [tradeOf(gives, { asset: to, amount: number }, occasion)] };
}

/**
 * Coinbase's transaction history. The other side of a conversion, and of a purchase with a coin, is told in the notes
 * only.
 */
export const coinbase: ImportFormat = {
  name: 'coinbase',
  columns: {
    id: { headings: ['ID'], optional: true },
    time: { headings: ['Timestamp'], holds: 'time' },
    kind: { headings: ['Transaction Type'] },
    asset: { headings: ['Asset'] },
    quantity: { headings: ['Quantity Transacted'], holds: 'number' },
    currency: { headings: ['Price Currency', 'Spot Price Currency'] },
    price: { headings: ['Price at Transaction', 'Spot Price at Transaction'], holds: 'number' },
    subtotal: { headings: ['Subtotal'], holds: 'number' },
    total: {
      headings: ['Total (inclusive of fees and/or spread)', 'Total (inclusive of fees)'],
      holds: 'number',
    },
    fee: { headings: ['Fees and/or Spread', 'Fees'], holds: 'number' },
    notes: { headings: ['Notes'] },
  },
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2012, 0, 1),
  hasIds: false,
  order: null,
  source: {
    symbol: 'asset',
    asset: 'asset',
    side: 'kind',
    quantity: 'quantity',
    price: 'subtotal',
    fee: 'fee',
    time: 'time',
    externalId: 'id',
  },
  read: eachRow((row) => {
    const kind = row.text('kind');
    const asset = row.text('asset').toUpperCase();
    const occasion = {
      exchange: 'coinbase',
      time: row.time('time'),
      externalId: row.text('id') || undefined,
    };
    const move: Move = { asset, amount: row.number('quantity') };
    if (/^(advanced? trade )?buy$/i.test(kind)) return traded(row, 'buy', occasion);
    if (/^(advanced? trade )?sell$/i.test(kind)) return traded(row, 'sell', occasion);
    if (/^convert$/i.test(kind)) return converted(row, occasion);
    if (INCOME.test(kind)) return transfer(move, occasion, 'income');
    if (INTERNAL.test(kind)) return ignored('internal-transfer', kind, [move]);
    if (RENAMED.test(kind)) return undecided('renamed-asset', kind, [move], occasion);
    // Older files have them without a sign.
    if (/^(send|withdrawal|card spend)/i.test(kind)) {
      if (row.text('quantity').startsWith('+')) throw row.signError('quantity', kind);
      return transfer({ asset, amount: `-${abs(move.amount)}` }, occasion);
    }
    if (/^(receive|deposit)/i.test(kind)) {
      if (move.amount.startsWith('-')) throw row.signError('quantity', kind);
      return transfer(move, occasion);
    }
    return undecided('unknown-kind', kind, [move], occasion);
  }),
};

/** Coinbase Pro's account statement: a match is two rows and a fee of one trade id. */
export const coinbasePro: ImportFormat = {
  name: 'coinbase-pro',
  columns: {
    kind: { headings: ['type'] },
    time: { headings: ['time'], holds: 'time' },
    amount: { headings: ['amount'], holds: 'number' },
    balance: { headings: ['balance'], holds: 'number' },
    unit: { headings: ['amount/balance unit'] },
    transferId: { headings: ['transfer id'] },
    tradeId: { headings: ['trade id'] },
    orderId: { headings: ['order id'] },
  },
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2015, 0, 1),
  hasIds: false,
  order: null,
  source: { symbol: 'unit', asset: 'unit', quantity: 'amount', price: 'amount', fee: 'amount', time: 'time' },
  group: (row) => row.text('tradeId') || `#${row.line}`,
  read(rows): GroupReading[] {
    const [first] = rows;
    const time = first.time('time');
    const tradeId = first.text('tradeId');
    const moveOf = (row: Row): Move => ({
      asset: row.text('unit').toUpperCase(),
      amount: row.number('amount'),
    });
    if (tradeId === '') {
      const kind = first.text('kind');
      const occasion = { exchange: 'coinbase', time, externalId: first.text('transferId') || undefined };
      const isKnown = /^(deposit|withdrawal)$/i.test(kind);
      const move = moveOf(first);
      return [
        {
          rows,
          reading: isKnown ? transfer(move, occasion) : undecided('unknown-kind', kind, [move], occasion),
        },
      ];
    }
    const isFee = (row: Row): boolean => /^fee$/i.test(row.text('kind'));
    const occasion = {
      exchange: 'coinbase',
      time,
      externalId: tradeId,
      orderId: first.text('orderId') || undefined,
    };
    const legs = rows.filter((row) => !isFee(row)).map(moveOf);
    return [{ rows, reading: exchangeOf(legs, rows.filter(isFee).map(moveOf), occasion, 'match') }];
  },
};
