import { decimal, fixed } from '../../money/money.ts';
import {
  eachRow,
  type GroupReading,
  ignored,
  type ImportFormat,
  type Move,
  sideIn,
} from '../reading/format.ts';
import { amountOf, charged, costIn, type Occasion, sumMoves } from '../reading/legs.ts';
import { charge, reward, transfer, exchangeOf } from '../reading/readings.ts';
import { oneOfPairs, undecided } from '../reading/undecided.ts';
import { ownTransfers, type PlacedMove } from '../reading/own-transfers.ts';
import { UTC } from '../reading/local-time.ts';
import type { Pair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';
import { checkTotal } from '../reading/total.ts';

/** Kraken's own codes of the oldest assets: `XXBT`, `ZEUR`. */
const CODES: Readonly<Record<string, string>> = {
  XXBT: 'BTC',
  XBT: 'BTC',
  XXDG: 'DOGE',
  XDG: 'DOGE',
  XETH: 'ETH',
  XETC: 'ETC',
  XICN: 'ICN',
  XLTC: 'LTC',
  XMLN: 'MLN',
  XNMC: 'NMC',
  XREP: 'REP',
  XXVN: 'XVN',
  XXLM: 'XLM',
  XXMR: 'XMR',
  XXRP: 'XRP',
  XZEC: 'ZEC',
  ZAUD: 'AUD',
  ZCAD: 'CAD',
  ZEUR: 'EUR',
  ZGBP: 'GBP',
  ZJPY: 'JPY',
  ZKRW: 'KRW',
  ZUSD: 'USD',
  ETH2: 'ETH',
};

/** The asset of a code; coins that earn have a suffix, as in `DOT.S`, `ETH2.S`, `DOT28.S`. */
export function krakenAsset(code: string): string {
  const plain = code.toUpperCase().replace(/(?:\d{2})?\.[SFBMP]$/, '');
  return CODES[plain] ?? plain;
}

const shared = {
  order: null,
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2011, 6, 1),
} as const;

function moveOf(row: Row): Move {
  return { asset: krakenAsset(row.text('asset')), amount: row.number('amount') };
}

function feeOf(row: Row): Move {
  const fee = amountOf(row.numberOrNull('fee') ?? '0');
  return { asset: krakenAsset(row.text('asset')), amount: decimal(-fee) };
}

const DERIVATIVE = /^(margin|rollover|settled)$/i;
/** Moves between the spot and the earning account of the same owner. */
const INTERNAL =
  /^(autoallocation|allocation|deallocation|migration|spottostaking|stakingfromspot|stakingtospot|spotfromstaking|spottofutures|spotfromfutures)$/i;

/** The rows of one reference: the two sides of a trade, or a transfer and its other side. */
function readReference(rows: readonly [Row, ...Row[]]): GroupReading[] {
  const pending = rows.filter((row) => row.text('id') === '');
  const [first, ...others] = rows.filter((row) => row.text('id') !== '');
  const readings: GroupReading[] = pending.map((row) => ({
    rows: [row],
    reading: ignored('pending-copy', row.text('kind')),
  }));
  if (first === undefined) return readings;
  const real = [first, ...others];
  const occasion: Occasion = {
    exchange: 'kraken',
    time: first.time('time'),
    externalId: first.text('reference') || undefined,
  };
  const kind = first.text('kind').toLowerCase();
  if (/^(trade|spend|receive)$/.test(kind) || real.every(isConversion)) {
    const way = real.some(isConversion) ? 'convert' : 'trade';
    const reading = exchangeOf(real.map(moveOf), real.map(feeOf), occasion, wordOf(first), way);
    return [...readings, { rows: real, reading }];
  }
  readings.push(...ownTransfers(real.filter(isInternal).map(placedMove), occasion));
  const own = real.filter((row) => !isInternal(row));
  own.forEach((row, index) => {
    const id = index === 0 ? occasion.externalId : row.text('id');
    readings.push({
      rows: [row],
      reading: readAlone(row, { ...occasion, externalId: id, time: row.time('time') }),
    });
  });
  return readings;
}

function wordOf(row: Row): string {
  return [row.text('kind'), row.text('subtype')].filter((word) => word !== '').join(' ');
}

function isInternal(row: Row): boolean {
  return (
    INTERNAL.test(row.text('subtype')) &&
    /^(earn|transfer|staking|deposit|withdrawal)$/i.test(row.text('kind'))
  );
}

/** Small balances and delisted assets that were converted into another asset. */
function isConversion(row: Row): boolean {
  return /^(dustsweeping|delistingconversion)$/i.test(row.text('subtype'));
}

/** Where the coins are, by the wallet or by the suffix of earning coins. */
function placedMove(row: Row): PlacedMove {
  const wallet = row.text('wallet').toLowerCase();
  const isEarning = wallet === '' ? /\.[SFBMP]$/i.test(row.text('asset')) : !wallet.startsWith('spot');
  const spot = wallet.startsWith('spot') ? `kraken ${wallet}` : 'kraken spot';
  const other = /futures/i.test(row.text('subtype')) ? 'kraken futures' : 'kraken earn';
  const away = isEarning && wallet !== '' ? `kraken ${wallet}` : other;
  const places = isEarning ? { here: away, there: spot } : { here: spot, there: away };
  return { row, word: wordOf(row), move: moveOf(row), places, costs: [feeOf(row)] };
}

function readAlone(row: Row, occasion: Occasion): GroupReading['reading'] {
  const kind = row.text('kind').toLowerCase();
  const word = wordOf(row);
  const [move] = sumMoves([moveOf(row), feeOf(row)]);
  if (move === undefined) return ignored('empty-row', word);
  if (kind === 'deposit' || kind === 'withdrawal')
    return transfer(move, occasion, -amountOf(feeOf(row).amount));
  const isIncome =
    /^(staking|airdrop|dividend|invite bonus|reward)$/.test(kind) || /^reward$/i.test(row.text('subtype'));
  if (isIncome) return reward(move, occasion, word);
  // A separate fee, or its refund.
  if (amountOf(row.number('amount')) === 0n && !DERIVATIVE.test(kind)) return charge(move, occasion);
  if (DERIVATIVE.test(kind)) return undecided('derivative', word, [move], occasion);
  return undecided('unknown-kind', word, [move], occasion);
}

/** Kraken's ledgers: one row for each change, which excludes the fee. */
export const krakenLedgers: ImportFormat = {
  ...shared,
  name: 'kraken-ledgers',
  columns: {
    id: { headings: ['txid'] },
    reference: { headings: ['refid'] },
    time: { headings: ['time'], holds: 'time' },
    kind: { headings: ['type'] },
    subtype: { headings: ['subtype'], optional: true },
    asset: { headings: ['asset'] },
    wallet: { headings: ['wallet'], optional: true },
    amount: { headings: ['amount'], holds: 'number' },
    fee: { headings: ['fee'], holds: 'number' },
    balance: { headings: ['balance'], holds: 'number' },
  },
  source: {
    symbol: 'asset',
    asset: 'asset',
    quantity: 'amount',
    price: 'amount',
    fee: 'fee',
    time: 'time',
    externalId: 'reference',
  },
  group: (row) => row.text('reference') || `#${row.line}`,
  read: readReference,
};

/** The quotes of current pairs. */
const QUOTES =
  'PYUSD RLUSD USDT USDC USDG USDQ USDR EURC EURQ EURR DAI USD EUR GBP CAD JPY AUD CHF AED XBT ETH BTC'.split(
    ' ',
  );

/** The oldest pairs: two codes that begin with Kraken's own letter. Assets listed later have plain codes. */
const OLD_PAIR = /^([XZ][A-Z]{3}|USDT)([XZ][A-Z]{3})$/;

/**
 * The pairs that a name may stand for: `XXBTZEUR`, `DOTEUR`, `XBT/EUR`. The letter belongs to an old code
 * only if both codes have one: `XTZEUR` is XTZ/EUR.
 * @throws CellError if there is none
 */
function pairsIn(row: Row): [Pair, ...Pair[]] {
  const name = row.text('pair').toUpperCase();
  const [base = '', quote = ''] = name.split('/');
  if (quote !== '') return [{ base: krakenAsset(base), quote: krakenAsset(quote) }];
  const [, oldBase = '', oldQuote = ''] = OLD_PAIR.exec(name) ?? [];
  const isOld = CODES[oldQuote] !== undefined;
  if (isOld && (oldBase === 'USDT' || CODES[oldBase] !== undefined)) {
    return [{ base: krakenAsset(oldBase), quote: krakenAsset(oldQuote) }];
  }
  const pairs = QUOTES.filter((each) => name.endsWith(each) && name.length > each.length).map((each) => ({
    base: krakenAsset(name.slice(0, -each.length)),
    quote: krakenAsset(each),
  }));
  if (isOld) pairs.unshift({ base: oldBase.slice(1), quote: krakenAsset(oldQuote) });
  const [first, ...others] = pairs;
  if (first === undefined) {
    throw row.error('pair', 'not-a-pair', 'is not a pair such as XXBTZEUR or XBT/EUR');
  }
  return [first, ...others];
}

/**
 * Margin positions are not booked, so there is no point in asking for their pair.
 * @throws CellError
 */
function onlyPair(row: Row, pairs: readonly [Pair, ...Pair[]]): Pair {
  if (pairs.length === 1) return pairs[0];
  const readings = pairs.map(({ base, quote }) => `${base}/${quote}`);
  const detail = `could be ${readings.join(' or ')}: write it with a slash`;
  throw row.error('pair', 'not-a-pair', detail, { readings: readings.join(', ') });
}

/** Kraken's trades, which its ledgers contain too, with the same ids. */
export const krakenTrades: ImportFormat = {
  ...shared,
  name: 'kraken-trades',
  columns: {
    id: { headings: ['txid'] },
    orderId: { headings: ['ordertxid'] },
    pair: { headings: ['pair'] },
    time: { headings: ['time'], holds: 'time' },
    side: { headings: ['type'] },
    orderType: { headings: ['ordertype'] },
    price: { headings: ['price'], holds: 'number' },
    cost: { headings: ['cost'], holds: 'number' },
    fee: { headings: ['fee'], holds: 'number' },
    quantity: { headings: ['vol'], holds: 'number' },
    margin: { headings: ['margin'], holds: 'number' },
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
    type: 'orderType',
  },
  read: eachRow((row) => {
    const side = sideIn(row);
    const pairs = pairsIn(row);
    const occasion = { exchange: 'kraken', time: row.time('time'), externalId: row.text('id') || undefined };
    const quantity = row.number('quantity');
    if (fixed(row.numberOrNull('margin') ?? '0') !== 0n) {
      const amount = side === 'buy' ? quantity : `-${quantity}`;
      const { base: asset } = onlyPair(row, pairs);
      return undecided('derivative', `margin ${row.text('pair')}`, [{ asset, amount }], occasion);
    }
    const type = row.text('orderType').toLowerCase();
    return oneOfPairs(row.text('pair'), pairs, ({ base, quote }) => {
      checkTotal(row, { base, quote }, { name: 'cost' });
      return charged(
        {
          kind: 'trade',
          ...occasion,
          symbol: `${base}/${quote}`,
          side,
          quantity,
          price: row.number('price'),
          orderId: row.text('orderId') || undefined,
          type: /^[a-z][a-z0-9_-]{0,29}$/.test(type) ? type : undefined,
        },
        costIn({ asset: quote, amount: row.number('fee') }),
      );
    });
  }),
};
