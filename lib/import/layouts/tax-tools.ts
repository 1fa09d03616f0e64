import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type Move, type RowReading } from '../reading/format.ts';
import { amountOf, exchangeOf, type Occasion, transfer, undecided } from '../reading/legs.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** What goes out, what comes in and what it costs: the three amounts of a row in files of tax tools. */
interface Sides {
  sent: Move | null;
  received: Move | null;
  fee: Move | null;
}

function sideOf(row: Row, amount: string, currency: string): Move | null {
  const number = row.numberOrNull(amount);
  if (number === null || amountOf(number) === 0n) return null;
  const asset = row.text(currency).toUpperCase();
  if (asset === '') throw row.error(currency, 'unknown-asset', 'is empty, but there is an amount');
  if (amount === 'received' && number.startsWith('-')) throw row.signError(amount, 'its heading');
  return { asset, amount: number.replace(/^-/, '') };
}

function negative(move: Move): Move {
  return { ...move, amount: `-${move.amount}` };
}

/** A fee in the asset that moves is part of the move; any other is a withdrawal of its own. */
function moved(move: Move, fee: Move | null, occasion: Occasion, kind?: 'income'): RowReading {
  const isSame = fee === null || fee.asset === move.asset;
  const amount = decimal(amountOf(move.amount) - (isSame && fee !== null ? amountOf(fee.amount) : 0n));
  const reading = transfer({ ...move, amount }, occasion, kind);
  if (isSame || fee === null || !('entries' in reading)) return reading;
  const cost = transfer(negative(fee), occasion);
  return 'entries' in cost ? { entries: [...reading.entries, ...cost.entries] } : reading;
}

/** @param kind of a row with one side */
function readSides(
  { sent, received, fee }: Sides,
  kind: 'income' | 'transfer' | 'unknown',
  word: string,
  occasion: Occasion,
): RowReading {
  if (sent !== null && received !== null) {
    return exchangeOf([negative(sent), received], fee === null ? [] : [negative(fee)], occasion, word);
  }
  const move = sent === null ? received : negative(sent);
  if (move === null) {
    return fee === null ? ignored('empty-row', word) : transfer(negative(fee), occasion);
  }
  if (kind === 'unknown') {
    return undecided('unknown-kind', word, fee === null ? [move] : [move, negative(fee)], occasion);
  }
  return moved(move, fee, occasion, kind === 'income' && sent === null ? 'income' : undefined);
}

const shared = { hasIds: false, order: null, decimal: null } as const;
const INCOME =
  /^(airdrop|fork|mining|reward|income|other[_ ]income|lending[_ ]interest|interest income|cashback|salary|fee[_ ]refund|staking|masternode|minting|bounty|reward \/ bonus|dividends? income)$/i;

/** Koinly's universal template. Times are UTC. */
export const koinly: ImportFormat = {
  ...shared,
  name: 'koinly',
  columns: {
    time: { headings: ['Date'], holds: 'time' },
    sent: { headings: ['Sent Amount'], holds: 'number' },
    sentCoin: { headings: ['Sent Currency'] },
    received: { headings: ['Received Amount'], holds: 'number' },
    receivedCoin: { headings: ['Received Currency'] },
    fee: { headings: ['Fee Amount'], holds: 'number' },
    feeCoin: { headings: ['Fee Currency'] },
    label: { headings: ['Label', 'Tag'], optional: true },
    description: { headings: ['Description'], optional: true },
    hash: { headings: ['TxHash'], optional: true },
  },
  // The tax report has them too, and its amounts are not those of the account.
  foreign: ['Gain (EUR)', 'Gain (USD)', 'Cost Basis', 'ID (read-only)'],
  zone: () => UTC,
  dates: null,
  source: {
    symbol: 'received',
    asset: 'received',
    quantity: 'received',
    price: 'sent',
    fee: 'fee',
    time: 'time',
  },
  read: eachRow((row) => {
    const sides = {
      sent: sideOf(row, 'sent', 'sentCoin'),
      received: sideOf(row, 'received', 'receivedCoin'),
      fee: sideOf(row, 'fee', 'feeCoin'),
    };
    const label = row.text('label');
    const kind = label === '' ? 'transfer' : INCOME.test(label) ? 'income' : 'unknown';
    return readSides(sides, kind, label || row.text('description'), {
      exchange: 'koinly',
      time: row.time('time'),
    });
  }),
};

/** CoinTracking's trade list: three columns are called `Cur.`. Dates are in the zone of the account. */
export const cointracking: ImportFormat = {
  ...shared,
  name: 'cointracking',
  columns: {
    kind: { headings: ['Type'] },
    received: { headings: ['Buy'], holds: 'number' },
    receivedCoin: { headings: ['Cur.'] },
    sent: { headings: ['Sell'], holds: 'number' },
    sentCoin: { headings: ['Cur.#2'] },
    fee: { headings: ['Fee'], holds: 'number' },
    feeCoin: { headings: ['Cur.#3'] },
    exchange: { headings: ['Exchange'] },
    group: { headings: ['Group'] },
    comment: { headings: ['Comment'] },
    time: { headings: ['Date'], holds: 'time' },
  },
  zone: () => null,
  dates: { order: 'dmy', shape: /^\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}$/ },
  source: {
    symbol: 'received',
    asset: 'received',
    quantity: 'received',
    price: 'sent',
    fee: 'fee',
    time: 'time',
  },
  read: eachRow((row) => {
    const sides = {
      sent: sideOf(row, 'sent', 'sentCoin'),
      received: sideOf(row, 'received', 'receivedCoin'),
      fee: sideOf(row, 'fee', 'feeCoin'),
    };
    const type = row.text('kind');
    const kind = /^(trade|deposit|withdrawal)$/i.test(type)
      ? 'transfer'
      : INCOME.test(type)
        ? 'income'
        : 'unknown';
    const exchange = row.text('exchange').toLowerCase().slice(0, 50) || 'cointracking';
    return readSides(sides, kind, type, { exchange, time: row.time('time') });
  }),
};
