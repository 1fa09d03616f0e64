import {
  eachRow,
  type GroupReading,
  type ImportFormat,
  type Move,
  type RawTrade,
  sideIn,
} from '../reading/format.ts';
import { amountOf, charged, costIn, type Occasion } from '../reading/legs.ts';
import { charge, namedTransfer, reward, exchangeOf } from '../reading/readings.ts';
import { oneOfPairs, undecided } from '../reading/undecided.ts';
import { ownTransfers } from '../reading/own-transfers.ts';
import { UTC } from '../reading/local-time.ts';
import { BYBIT_QUOTES, splitPair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';
import { checkLegs, checkTotal } from '../reading/total.ts';

const shared = {
  order: 'newest-first',
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2018, 2, 1),
} as const;

/** Bybit's spot fills. The clock comes before the date: `07:20 2024-11-19`. */
export const bybitSpot: ImportFormat = {
  ...shared,
  name: 'bybit-spot',
  foreign: { headings: /^(contracts|closed p&l)$/i, code: 'futures', instead: 'spot-fills' },
  columns: {
    pair: { headings: ['Spot Pairs'] },
    side: { headings: ['Direction'] },
    feeCoin: { headings: ['feeCoin'], optional: true },
    exactFee: { headings: ['ExecFeeV2'], optional: true, holds: 'number' },
    price: { headings: ['Filled Price'], holds: 'number' },
    quantity: { headings: ['Filled Quantity'], holds: 'number' },
    total: { headings: ['Filled Value'], optional: true, holds: 'number' },
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
    const side = sideIn(row);
    const pairs = splitPair(row.text('pair'), BYBIT_QUOTES);
    if (pairs.length === 0) throw row.error('pair', 'not-a-pair', 'is not a pair such as BTCUSDT');
    const id = row.text('id');
    return oneOfPairs(row.text('pair'), pairs, ({ base, quote }) => {
      checkTotal(row, { base, quote });
      // If the coin is not stated, the fee is taken from what is received.
      const feeCoin = row.text('feeCoin').toUpperCase() || (side === 'buy' ? base : quote);
      const fee = row.numberOrNull('exactFee') ?? row.numberOrNull('fee');
      const trade: RawTrade = {
        kind: 'trade',
        exchange: 'bybit',
        externalId: /^\w{6,}$/.test(id) ? id : undefined,
        symbol: `${base}/${quote}`,
        side,
        quantity: row.number('quantity'),
        price: row.number('price'),
        time: row.time('time'),
        orderId: row.text('orderId') || undefined,
      };
      return charged(trade, costIn({ asset: feeCoin, amount: fee ?? '0' }));
    });
  }),
};

const REWARD = /^(BONUS|AIRDROP|INTEREST|REFERRAL|CASHBACK|STAKING)/i;
const REBATE = /^(FEE_REFUND|REFUND|REBATE)/i;
const CONVERT = /^(CURRENCY_(BUY|SELL)|EXCHANGE_?(IN|OUT)|CONVERT)/i;
const DERIVATIVE = /^(SETTLEMENT|DELIVERY|LIQUIDATION|FUNDING)/i;

/** The rows of one trade, or a single row of anything else. */
function readUta(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const [first] = rows;
  const occasion: Occasion = {
    exchange: 'bybit',
    time: first.time('time'),
    orderId: first.text('orderId') || undefined,
  };
  const kind = first.text('kind');
  if (/^TRANSFER_?(IN|OUT)$/i.test(kind)) {
    const places = { here: 'bybit unified', there: 'bybit funding' };
    const legs = rows.map((row) => ({ row, word: kind, move: legOf(row, 'change'), places }));
    return ownTransfers(legs, occasion);
  }
  const isConvert = CONVERT.test(kind);
  if (!isConvert && !/^TRADE$/i.test(kind)) {
    return rows.map((row) => ({ rows: [row], reading: readAlone(row, kind, occasion) }));
  }
  const legs = rows.map((row) => legOf(row, 'cash'));
  const fees = rows.map((row) => legOf(row, 'fee'));
  // A contract is settled in one coin: nothing is exchanged.
  if (new Set(legs.map(({ asset }) => asset)).size < 2) {
    const changes = rows.map((row) => legOf(row, 'change'));
    const [code, word] = isConvert
      ? (['incomplete-trade', kind] as const)
      : (['derivative', first.text('contract')] as const);
    return [{ rows, reading: undecided(code, word, changes, occasion) }];
  }
  const word = first.text('contract') || kind;
  const pairs = isConvert ? [] : splitPair(word, BYBIT_QUOTES);
  const pair = pairs.find(({ base, quote }) => legs.every(({ asset }) => asset === base || asset === quote));
  if (pair !== undefined) checkLegs(rows, legs, pair, 'cash');
  return [{ rows, reading: exchangeOf(legs, fees, occasion, word, isConvert ? 'convert' : 'trade') }];
}

function legOf(row: Row, name: string): Move {
  return { asset: row.text('currency').toUpperCase(), amount: row.numberOrNull(name) ?? '0' };
}

function readAlone(row: Row, kind: string, occasion: Occasion): GroupReading['reading'] {
  const move = legOf(row, 'change');
  if (DERIVATIVE.test(kind)) return undecided('derivative', kind, [move], occasion);
  if (REWARD.test(kind) && amountOf(move.amount) > 0n) return reward(move, occasion, kind);
  if (REBATE.test(kind) && amountOf(move.amount) > 0n) return charge(move, occasion);
  if (/^FEE/i.test(kind) && amountOf(move.amount) < 0n) return charge(move, occasion);
  if (/^(DEPOSIT|WITHDRAW)/i.test(kind)) {
    return namedTransfer(kind, move, occasion, -amountOf(legOf(row, 'fee').amount));
  }
  return undecided('unknown-kind', kind, [move], occasion);
}

/** Bybit's transaction log of the unified account: one row for each coin that changes. */
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
    CONVERT.test(row.text('kind'))
      ? `${row.text('time')}\tconvert`
      : ['time', 'contract', 'kind', 'side', 'price', 'tradeId'].map((name) => row.text(name)).join('\t'),
  read: readUta,
};
