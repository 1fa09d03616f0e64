import {
  eachRow,
  type GroupReading,
  ignored,
  type ImportFormat,
  type Move,
  type RowReading,
} from '../reading/format.ts';
import { type Occasion } from '../reading/legs.ts';
import { charge, namedTransfer, reward, exchangeOf } from '../reading/readings.ts';
import { undecided } from '../reading/undecided.ts';
import { ownTransfers, type PlacedMove, type Places } from '../reading/own-transfers.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** The effect of an operation on the user's holdings. */
type Effect =
  | 'buy'
  | 'sell'
  | 'convert'
  | 'fee'
  | 'in'
  | 'out'
  | 'income'
  | 'internal'
  | 'loan'
  | 'renamed'
  | 'gift'
  | 'cash';

const words = (effect: Effect, list: string): [string, Effect][] =>
  list.split('|').map((word) => [word.trim().toLowerCase(), effect]);

const EFFECTS = new Map<string, Effect>([
  ...words('buy', 'Buy|Transaction Buy|Transaction Spend|Transaction Related'),
  ...words('sell', 'Sell|Transaction Sold|Transaction Revenue'),
  ...words('fee', 'Fee|Transaction Fee'),
  ...words(
    'convert',
    'Binance Convert|Large OTC trading|Small assets exchange BNB|BNB Fee Deduction|ETH 2.0 Staking|Leverage Token Redemption|Stablecoins Auto-Conversion|Swap Farming Transaction|Liquid Swap Sell|Asset Conversion Transfer',
  ),
  ...words('in', 'Deposit|Fiat Deposit'),
  ...words('cash', 'Buy Crypto|Fiat OCBS - Add Fiat and Fees|P2P Trading'),
  ...words('out', 'Withdraw|Fiat Withdraw|Binance Card Spending'),
  ...words(
    'income',
    'Distribution|Airdrop Assets|Cash Voucher distribution|Mission Reward Distribution|Campaign Related Reward|HODLer Airdrops Distribution|Megadrop Rewards|Simple Earn Flexible Airdrop|Savings Interest|Simple Earn Flexible Interest|Launchpool Interest|Launchpool Airdrop|Pool Distribution|Staking Rewards|POS savings interest|ETH 2.0 Staking Rewards|Simple Earn Locked Rewards|BNB Vault Rewards|DOT Slot Auction Rewards|Swap Farming Rewards|Liquid Swap rewards|Referral Kickback|Referral Commission|Commission History|Commission Rebate|Commission Fee Shared With You|Referrer rebates|Binance Card Cashback',
  ),
  ...words(
    'internal',
    'Savings purchase|Savings Principal redemption|POS savings purchase|POS savings redemption|Staking Purchase|Staking Redemption|Simple Earn Flexible Subscription|Simple Earn Flexible Redemption|Simple Earn Locked Subscription|Simple Earn Locked Redemption|Launchpool Subscription|Launchpool Redemption|Launchpad Subscribe|Liquid Swap Add',
  ),
  ...words('renamed', 'Token Swap - Redenomination/Rebranding|Token Swap - Distribution'),
  ...words(
    'loan',
    'Margin Loan|Margin Repayment|Isolated Margin Repayment|Cross Margin Liquidation - Repayment',
  ),
  ...words('gift', 'Crypto Box'),
]);

/** Profits of futures are not changes of holdings. */
const DERIVATIVES = /futures/i;

function effectOf(word: string): Effect | null {
  const known = EFFECTS.get(word.toLowerCase());
  if (known !== undefined) return known;
  if (/^transfer between /i.test(word) || /^transfer from .* to /i.test(word)) return 'internal';
  return /^launchpool airdrop/i.test(word) ? 'income' : null;
}

interface Leg extends PlacedMove {
  effect: Effect | null;
  isDerivative: boolean;
}

/** The accounts named by a move: `Transfer Between Main and Funding Wallet`. */
const BETWEEN = /^transfer (?:between|from) (.+?)(?: account)? (?:and|to) (.+?)(?: wallet| account)?$/i;
/** Places where coins earn interest. */
const EARNING = /savings|earn|staking|launchpool|launchpad|liquid swap/i;

function placeOf(name: string): string {
  const plain = name.toLowerCase().replace(/ (wallet|account)$/, '');
  return `binance ${plain === 'main' ? 'spot' : plain}`;
}

function placesOf(account: string, word: string): Places {
  const here = placeOf(account || 'spot');
  const [, ...named] = BETWEEN.exec(word) ?? [];
  const there = named.map(placeOf).find((place) => place !== here);
  return { here, there: there ?? (EARNING.test(word) ? 'binance earn' : 'binance other') };
}

function legOf(row: Row): Leg {
  const word = row.text('operation');
  const asset = row.text('coin').toUpperCase();
  if (asset === '') throw row.error('coin', 'empty', 'is empty');
  const account = row.text('account');
  return {
    row,
    word,
    effect: effectOf(word),
    isDerivative: DERIVATIVES.test(account),
    move: { asset, amount: row.number('change') },
    places: placesOf(account, word),
  };
}

/**
 * The rows of an instant. Those of a trade, a conversion or a move between accounts belong together; every
 * other row stands alone.
 */
function readInstant(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const occasion: Occasion = { exchange: 'binance', time: rows[0].time('time') };
  const legs = rows.map(legOf);
  const spot = legs.filter(({ isDerivative }) => !isDerivative);
  const having = (effect: Effect, of = spot): Leg[] => of.filter((leg) => leg.effect === effect);
  const trades = spot.filter(({ effect }) => effect === 'buy' || effect === 'sell');
  // A fee belongs to the trade at the same instant.
  const fees = trades.length === 0 ? [] : having('fee');
  const internal = having('internal', legs);
  const together = new Set([...trades, ...fees, ...having('convert'), ...having('renamed'), ...internal]);
  return [
    ...tradeReadings(trades, fees, occasion),
    ...byWord(having('convert'), (moves, word) => exchangeOf(moves, [], occasion, word, 'convert')),
    ...byWord(having('renamed'), (moves, word) => undecided('renamed-asset', word, moves, occasion)),
    ...ownTransfers(internal, occasion),
    ...legs.filter((leg) => !together.has(leg)).map((leg) => alone(leg, occasion)),
  ];
}

/** Purchases and sales have their own words, except in older files, where both legs have the same. */
function tradeReadings(trades: readonly Leg[], fees: readonly Leg[], occasion: Occasion): GroupReading[] {
  if (trades.length === 0) return [];
  const sides = (['buy', 'sell'] as const).map((side) => trades.filter(({ effect }) => effect === side));
  const isSplit = sides.every((legs) => legs.length > 0 && isWhole(legs));
  const groups = isSplit && fees.length === 0 ? sides : [trades];
  return groups.map((legs, index) => {
    const costs = index === 0 ? fees : [];
    const moves = legs.map(({ move }) => move);
    const reading = exchangeOf(
      moves,
      costs.map(({ move }) => move),
      occasion,
      legs[0]?.word ?? '',
    );
    return { rows: [...legs, ...costs].map(({ row }) => row), reading };
  });
}

function isWhole(legs: readonly Leg[]): boolean {
  const signs = new Set(legs.map(({ move }) => move.amount.startsWith('-')));
  return signs.size === 2;
}

function byWord(
  legs: readonly Leg[],
  read: (moves: readonly Move[], word: string) => RowReading,
): GroupReading[] {
  const words = new Set(legs.map(({ word }) => word));
  return [...words].map((word) => {
    const own = legs.filter((leg) => leg.word === word);
    const moves = own.map(({ move }) => move);
    return { rows: own.map(({ row }) => row), reading: read(moves, word) };
  });
}

function alone({ row, word, effect, move, isDerivative }: Leg, occasion: Occasion): GroupReading {
  const rows = [row];
  if (isDerivative) {
    return { rows, reading: undecided('derivative', `${row.text('account')}: ${word}`, [move], occasion) };
  }
  switch (effect) {
    case 'in':
    case 'out':
      return { rows, reading: namedTransfer(word, move, occasion) };
    case 'income':
      return { rows, reading: reward(move, occasion, word) };
    case 'fee':
      return { rows, reading: charge(move, occasion) };
    case 'cash':
      return { rows, reading: undecided('unpriced-purchase', word, [move], occasion) };
    case 'loan':
      return { rows, reading: undecided('loan', word, [move], occasion) };
    case 'gift':
      return { rows, reading: undecided('gift', word, [move], occasion) };
    default:
      return { rows, reading: undecided('unknown-kind', word, [move], occasion) };
  }
}

const shared = {
  name: 'binance-statement',
  order: null,
  zone: () => null,
  decimal: null,
  dates: { order: 'ymd', shape: /^\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  since: Date.UTC(2017, 6, 1),
} as const;

/**
 * Binance's transaction history of all accounts: one row for each change of a balance. The rows of one trade
 * have only the second in common. Times are UTC in the older form; in the newer one they are in the zone that
 * the file name states. Spanish and Japanese files translate the headings but not the operations.
 */
export const binanceStatement: ImportFormat = {
  ...shared,
  columns: {
    time: { headings: ['UTC_Time', 'Time', 'Tiempo', '時間'], holds: 'time' },
    account: { headings: ['Account', 'Cuenta', 'アカウント'] },
    operation: { headings: ['Operation', 'Operación', '操作'] },
    coin: { headings: ['Coin', 'Moneda', 'コイン'] },
    change: { headings: ['Change', 'Cambio', '変更'], holds: 'number' },
    remark: { headings: ['Remark', 'Observación', '備考'], optional: true },
  },
  zone: (columns) => (/^UTC_/i.test(columns.heading('time')) ? UTC : null),
  source: { asset: 'coin', symbol: 'coin', quantity: 'change', price: 'change', fee: 'change', time: 'time' },
  group: (row) => row.text('time'),
  read: readInstant,
};

/** One side of a conversion, in one cell: `100.5 USDT`. */
function sideOfConvert(row: Row, name: string): Move {
  const { number, unit } = row.amount(name, 'spaced');
  if (number === null) throw row.error(name, 'empty', 'is empty');
  if (unit === null) throw row.error(name, 'unknown-asset', 'does not say in which coin');
  return { asset: unit, amount: number };
}

/** Binance's convert history: only completed conversions count. The file does not state its zone. */
export const binanceConvert: ImportFormat = {
  ...shared,
  name: 'binance-convert',
  columns: {
    time: { headings: ['Date Updated', 'Date'], holds: 'time' },
    pair: { headings: ['Pair'] },
    sell: { headings: ['Sell'], holds: 'number' },
    buy: { headings: ['Buy'], holds: 'number' },
    inverse: { headings: ['Inverse Price'] },
    status: { headings: ['Status'] },
  },
  source: { symbol: 'pair', asset: 'pair', quantity: 'buy', price: 'sell', fee: 'sell', time: 'time' },
  read: eachRow((row) => {
    const status = row.text('status');
    if (!/^success/i.test(status)) return ignored('not-completed', status);
    const sell = sideOfConvert(row, 'sell');
    const occasion = { exchange: 'binance', time: row.time('time') };
    const gives = { ...sell, amount: `-${sell.amount}` };
    return exchangeOf([gives, sideOfConvert(row, 'buy')], [], occasion, 'Convert', 'convert');
  }),
};
