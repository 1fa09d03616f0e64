import { decimal } from '../../money/money.ts';
import {
  eachRow,
  type GroupReading,
  ignored,
  type ImportFormat,
  type Move,
  sideOf,
} from '../reading/format.ts';
import {
  amountOf,
  exchangeOf,
  type Occasion,
  oneOfPairs,
  sumMoves,
  transfer,
  undecided,
} from '../reading/legs.ts';
import { UTC } from '../reading/local-time.ts';
import { BYBIT_QUOTES, splitPair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';

const shared = {
  hasIds: false,
  order: 'newest-first',
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2018, 2, 1),
} as const;

/** Bybit's spot fills. Times are written with the clock first: `07:20 2024-11-19`. */
export const bybitSpot: ImportFormat = {
  ...shared,
  name: 'bybit-spot',
  foreign: ['Contracts', 'Closed P&L'],
  columns: {
    pair: { headings: ['Spot Pairs'] },
    side: { headings: ['Direction'] },
    feeCoin: { headings: ['feeCoin'], optional: true },
    exactFee: { headings: ['ExecFeeV2'], optional: true, holds: 'number' },
    price: { headings: ['Filled Price'], holds: 'number' },
    quantity: { headings: ['Filled Quantity'], holds: 'number' },
    fee: { headings: ['Fees'], holds: 'number' },
    id: { headings: ['Transaction ID'] },
    orderId: { headings: ['Order No.'] },
    time: { headings: ['Timestamp'], holds: 'time' },
  },
  source: {
    symbol: 'pair',
    side: 'side',
    quantity: 'quantity',
    price: 'price',
    fee: 'fee',
    time: 'time',
    externalId: 'id',
    orderId: 'orderId',
  },
  read: eachRow((row) => {
    const side = sideOf(row.text('side'));
    if (side === null) throw row.error('side', 'unknown-side', 'must be BUY or SELL');
    const pairs = splitPair(row.text('pair'), BYBIT_QUOTES);
    if (pairs.length === 0) throw row.error('pair', 'not-a-pair', 'is not a pair such as BTCUSDT');
    const id = row.text('id');
    return oneOfPairs(row.text('pair'), pairs, ({ base, quote }) => {
      // Where the coin is not told, a fee is taken from what is received.
      const feeCoin = row.text('feeCoin').toUpperCase() || (side === 'buy' ? base : quote);
      const fee = row.numberOrNull('exactFee') ?? row.numberOrNull('fee');
      return {
        kind: 'trade',
        exchange: 'bybit',
        externalId: /^\w{6,}$/.test(id) ? id : undefined,
        symbol: `${base}/${quote}`,
        side,
        quantity: row.number('quantity'),
        price: row.number('price'),
        fee: fee === null ? undefined : { amount: fee, currency: feeCoin },
        time: row.time('time'),
        orderId: row.text('orderId') || undefined,
      };
    });
  }),
};

const INCOME = /^(BONUS|AIRDROP|FEE_REFUND|INTEREST|REFUND)/i;
const DERIVATIVE = /^(SETTLEMENT|DELIVERY|LIQUIDATION|FUNDING)/i;

/** The rows of one trade, or one row of anything else. */
function readUta(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const [first] = rows;
  const occasion: Occasion = {
    exchange: 'bybit',
    time: first.time('time'),
    orderId: first.text('orderId') || undefined,
  };
  const kind = first.text('kind');
  if (!/^(TRADE|CURRENCY_BUY|CURRENCY_SELL)$/i.test(kind)) {
    return rows.map((row) => ({ rows: [row], reading: readAlone(row, kind, occasion) }));
  }
  const legs = rows.map((row) => legOf(row, 'cash'));
  const fees = rows.map((row) => legOf(row, 'fee'));
  // A contract is settled in one coin: nothing is exchanged.
  if (new Set(legs.map(({ asset }) => asset)).size < 2) {
    const changes = rows.map((row) => legOf(row, 'change'));
    return [{ rows, reading: undecided('derivative', first.text('contract'), changes, occasion) }];
  }
  return [{ rows, reading: exchangeOf(legs, sumMoves(fees), occasion, first.text('contract')) }];
}

function legOf(row: Row, name: string): Move {
  return { asset: row.text('currency').toUpperCase(), amount: row.numberOrNull(name) ?? '0' };
}

function readAlone(row: Row, kind: string, occasion: Occasion): GroupReading['reading'] {
  const move = legOf(row, 'change');
  if (/^TRANSFER_(IN|OUT)$/i.test(kind)) return ignored('internal-transfer', kind, [move]);
  if (DERIVATIVE.test(kind)) return undecided('derivative', kind, [move], occasion);
  if (INCOME.test(kind) && amountOf(move.amount) > 0n) return transfer(move, occasion, 'income');
  if (/^(DEPOSIT|WITHDRAW)/i.test(kind))
    return transfer({ ...move, amount: decimal(amountOf(move.amount)) }, occasion);
  return undecided('unknown-kind', kind, [move], occasion);
}

/** Bybit's transaction log of the unified account: a row for each coin that changes. */
export const bybitUta: ImportFormat = {
  ...shared,
  name: 'bybit-uta',
  columns: {
    currency: { headings: ['Currency'] },
    contract: { headings: ['Contract'] },
    kind: { headings: ['Type'] },
    side: { headings: ['Direction'] },
    quantity: { headings: ['Quantity'], holds: 'number' },
    price: { headings: ['Filled Price'], holds: 'number' },
    funding: { headings: ['Funding'], holds: 'number' },
    fee: { headings: ['Fee Paid'], holds: 'number' },
    cash: { headings: ['Cash Flow'], holds: 'number' },
    change: { headings: ['Change'], holds: 'number' },
    action: { headings: ['Action'] },
    orderId: { headings: ['OrderId', 'Order ID'], optional: true },
    tradeId: { headings: ['TradeId', 'Trade ID'], optional: true },
    time: { headings: ['Time'], holds: 'time' },
  },
  source: {
    symbol: 'contract',
    asset: 'currency',
    quantity: 'change',
    price: 'price',
    fee: 'fee',
    time: 'time',
  },
  group: (row) =>
    ['time', 'contract', 'kind', 'side', 'price', 'tradeId'].map((name) => row.text(name)).join('\t'),
  read: readUta,
};
