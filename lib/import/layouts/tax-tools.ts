import { decimal } from '../../money/money.ts';
import { eachRow, ignored, type ImportFormat, type Move, type RowReading } from '../reading/format.ts';
import { amountOf, type Occasion } from '../reading/legs.ts';
import { charge, reward, transfer, exchangeOf } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** The three amounts of a row in files of tax tools: what goes out, what comes in and the fee. */
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
  if (number.startsWith('-')) throw row.signError(amount, 'its heading', readingsOf(amount, number.slice(1)));
  return { asset, amount: number };
}

/** The possible meanings of a signed amount in a column without signs. */
function readingsOf(column: string, number: string): string[] {
  const ways = column === 'fee' ? ['fee', 'rebate'] : ['deposit', 'withdrawal'];
  return ways.map((way) => `a ${way} of ${number}`);
}

function negative(move: Move): Move {
  return { ...move, amount: `-${move.amount}` };
}

/** The type of a row with one side. */
type OneSided = 'reward' | 'rebate' | 'fee' | 'transfer' | 'unknown';

/** A withdrawal includes its fee if both are in the same asset; any other fee is separate. */
function moved(move: Move, fee: Move | null, kind: OneSided, word: string, occasion: Occasion): RowReading {
  const isPart = fee !== null && fee.asset === move.asset && move.amount.startsWith('-');
  const whole = isPart ? { ...move, amount: decimal(amountOf(move.amount) - amountOf(fee.amount)) } : move;
  const isIn = !whole.amount.startsWith('-');
  const reading =
    kind === 'reward' && isIn
      ? reward(whole, occasion, word)
      : (kind === 'rebate' && isIn) || (kind === 'fee' && !isIn)
        ? charge(whole, occasion)
        : transfer(whole, occasion, isPart ? amountOf(fee.amount) : undefined);
  if (isPart || fee === null || !('entries' in reading)) return reading;
  const cost = charge(negative(fee), { ...occasion, txid: undefined });
  return 'entries' in cost ? { entries: [...reading.entries, ...cost.entries] } : reading;
}

/** @param kind of a row with one side */
function readSides(
  { sent, received, fee }: Sides,
  kind: OneSided,
  word: string,
  occasion: Occasion,
): RowReading {
  if (sent !== null && received !== null) {
    return exchangeOf([negative(sent), received], fee === null ? [] : [negative(fee)], occasion, word);
  }
  const move = sent === null ? received : negative(sent);
  if (move === null) return fee === null ? ignored('empty-row', word) : charge(negative(fee), occasion);
  if (kind === 'unknown') {
    return undecided('unknown-kind', word, fee === null ? [move] : [move, negative(fee)], occasion);
  }
  return moved(move, fee, kind, word, occasion);
}

/** @param transfers words for plain deposits and withdrawals */
function kindOf(word: string, transfers: RegExp): OneSided {
  if (transfers.test(word)) return 'transfer';
  if (REBATE.test(word)) return 'rebate';
  if (FEE.test(word)) return 'fee';
  return INCOME.test(word) ? 'reward' : 'unknown';
}

const shared = { order: null, decimal: null } as const;
const REBATE = /^fee[_ ]refund$/i;
const FEE = /^(cost|other fee)$/i;
const INCOME =
  /^(airdrop|fork|mining|reward|income|other[_ ]income|lending[_ ]interest|interest income|cashback|salary|staking|masternode|minting|bounty|reward \/ bonus|dividends? income)$/i;

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
  // The tax report has these columns too, but its amounts are not those of the account.
  foreign: {
    headings: /^(gain|net value|profit)( ?\/ ?loss)? \([A-Z]{3,5}\)$|cost basis|^gains?$|^id \(read-only\)$/i,
    code: 'tax-report',
    instead: 'transactions',
  },
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
    return readSides(sides, kindOf(label, /^$/), label || row.text('description'), {
      exchange: 'koinly',
      time: row.time('time'),
      txid: row.text('hash').slice(0, 200) || undefined,
    });
  }),
};

/** CoinTracking's trade list: three columns are named `Cur.`. Dates are in the zone of the account. */
export const cointracking: ImportFormat = {
  ...shared,
  name: 'cointracking',
  columns: {
    kind: { headings: ['Type', 'Typ'] },
    received: { headings: ['Buy', 'Kauf'], holds: 'number' },
    receivedCoin: { headings: ['Cur.'] },
    sent: { headings: ['Sell', 'Verkauf'], holds: 'number' },
    sentCoin: { headings: ['Cur.#2'] },
    fee: { headings: ['Fee', 'Gebühr'], holds: 'number' },
    feeCoin: { headings: ['Cur.#3'] },
    exchange: { headings: ['Exchange', 'Börse'] },
    group: { headings: ['Group', 'Gruppe'] },
    comment: { headings: ['Comment', 'Kommentar'] },
    time: { headings: ['Date', 'Datum'], holds: 'time' },
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
    const exchange = row.text('exchange').toLowerCase().slice(0, 50) || 'cointracking';
    return readSides(sides, kindOf(type, /^(trade|deposit|withdrawal|einzahlung|auszahlung)$/i), type, {
      exchange,
      time: row.time('time'),
    });
  }),
};
