import { eachRow, type GroupReading, ignored, type ImportFormat, type Move } from '../reading/format.ts';
import { exchangeOf, type Occasion, transfer, undecided } from '../reading/legs.ts';
import { UTC } from '../reading/local-time.ts';
import type { Row } from '../reading/row.ts';

/** What an operation does to the holdings of its owner. */
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

/** Of futures: their profits are not those of holdings. */
const DERIVATIVES = /futures/i;

function effectOf(word: string): Effect | null {
  const known = EFFECTS.get(word.toLowerCase());
  if (known !== undefined) return known;
  if (/^transfer between /i.test(word) || /^transfer from .* to /i.test(word)) return 'internal';
  return /^launchpool airdrop/i.test(word) ? 'income' : null;
}

interface Leg {
  row: Row;
  word: string;
  effect: Effect | null;
  move: Move;
}

function legOf(row: Row): Leg {
  const word = row.text('operation');
  const asset = row.text('coin').toUpperCase();
  if (asset === '') throw row.error('coin', 'empty', 'is empty');
  return { row, word, effect: effectOf(word), move: { asset, amount: row.number('change') } };
}

/** The rows of an instant: those of a trade or a conversion together, every other one by itself. */
function readInstant(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const occasion: Occasion = { exchange: 'binance', time: rows[0].time('time') };
  const legs = rows.map(legOf);
  const spot = legs.filter(({ row }) => !DERIVATIVES.test(row.text('account')));
  const trades = spot.filter(({ effect }) => effect === 'buy' || effect === 'sell');
  // A fee stands beside the trade that it is of.
  const fees = trades.length === 0 ? [] : spot.filter(({ effect }) => effect === 'fee');
  const converted = spot.filter(({ effect }) => effect === 'convert');
  const readings = [...tradeReadings(trades, fees, occasion), ...conversions(converted, occasion)];
  const together = new Set([...trades, ...fees, ...converted]);
  for (const leg of legs) if (!together.has(leg)) readings.push(alone(leg, occasion));
  return readings;
}

/** Purchases and sales have words of their own, but older files: there one word stands on both legs. */
function tradeReadings(trades: readonly Leg[], fees: readonly Leg[], occasion: Occasion): GroupReading[] {
  if (trades.length === 0) return [];
  const sides = (['buy', 'sell'] as const).map((side) => trades.filter(({ effect }) => effect === side));
  const isSplit = sides.every((legs) => legs.length > 0 && isWhole(legs));
  const groups = isSplit && fees.length === 0 ? sides : [trades];
  return groups.map((legs, index) => {
    const all = index === 0 ? [...legs, ...fees] : legs;
    const costs = index === 0 ? fees : [];
    return {
      rows: all.map(({ row }) => row),
      reading: exchangeOf(
        legs.map(({ move }) => move),
        costs.map(({ move }) => move),
        occasion,
        legs[0]?.word ?? '',
      ),
    };
  });
}

function isWhole(legs: readonly Leg[]): boolean {
  const signs = new Set(legs.map(({ move }) => move.amount.startsWith('-')));
  return signs.size === 2;
}

function conversions(legs: readonly Leg[], occasion: Occasion): GroupReading[] {
  const words = new Set(legs.map(({ word }) => word));
  return [...words].map((word) => {
    const own = legs.filter((leg) => leg.word === word);
    const moves = own.map(({ move }) => move);
    return { rows: own.map(({ row }) => row), reading: exchangeOf(moves, [], occasion, word) };
  });
}

function alone({ row, word, effect, move }: Leg, occasion: Occasion): GroupReading {
  const rows = [row];
  if (DERIVATIVES.test(row.text('account')) && effect !== 'internal') {
    return { rows, reading: undecided('derivative', `${row.text('account')}: ${word}`, [move], occasion) };
  }
  switch (effect) {
    case 'in':
    case 'out':
      return { rows, reading: transfer(move, occasion) };
    case 'income':
      return { rows, reading: transfer(move, occasion, 'income') };
    case 'internal':
      return { rows, reading: ignored('internal-transfer', word, [move]) };
    case 'cash':
      return { rows, reading: undecided('unpriced-purchase', word, [move], occasion) };
    case 'loan':
      return { rows, reading: undecided('loan', word, [move], occasion) };
    case 'gift':
      return { rows, reading: undecided('gift', word, [move], occasion) };
    case 'renamed':
      return { rows, reading: undecided('renamed-asset', word, [move], occasion) };
    default:
      return { rows, reading: undecided('unknown-kind', word, [move], occasion) };
  }
}

const shared = {
  name: 'binance-statement',
  hasIds: false,
  order: null,
  zone: () => null,
  decimal: null,
  dates: { order: 'ymd', shape: /^\d{2}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/ },
  since: Date.UTC(2017, 6, 1),
} as const;

/**
 * Binance's transaction history of all accounts: a row for each change of a balance. Rows of one trade share nothing but
 * the second. Times are UTC in the older form; in the newer they are those of the zone in the file's name.
 */
export const binanceStatement: ImportFormat = {
  ...shared,
  columns: {
    time: { headings: ['UTC_Time', 'Time'], holds: 'time' },
    account: { headings: ['Account'] },
    operation: { headings: ['Operation'] },
    coin: { headings: ['Coin'] },
    change: { headings: ['Change'], holds: 'number' },
    remark: { headings: ['Remark'], optional: true },
  },
  zone: (columns) => (/^UTC_/i.test(columns.heading('time')) ? UTC : null),
  source: { asset: 'coin', symbol: 'coin', quantity: 'change', price: 'change', fee: 'change', time: 'time' },
  group: (row) => row.text('time'),
  read: readInstant,
};

/** What a conversion has in one cell: `100.5 USDT`. */
function sideOfConvert(row: Row, name: string): Move {
  const { number, unit } = row.amount(name, 'spaced');
  if (number === null) throw row.error(name, 'empty', 'is empty');
  if (unit === null) throw row.error(name, 'unknown-asset', 'does not say in which coin');
  return { asset: unit, amount: number };
}

/** Binance's convert history: only what was carried out counts. Its zone is not told. */
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
    return exchangeOf([gives, sideOfConvert(row, 'buy')], [], occasion, 'Convert');
  }),
};
