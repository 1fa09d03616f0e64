import { decimal, fixed } from '../../money/money.ts';
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
import type { Pair } from '../reading/pair.ts';
import type { Row } from '../reading/row.ts';

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

/** The asset behind a code: coins that earn have a suffix such as `DOT.S`, `ETH2.S`, `DOT28.S`. */
function assetOf(code: string): string {
  const plain = code.toUpperCase().replace(/(?:\d{2})?\.[SFBMP]$/, '');
  return CODES[plain] ?? plain;
}

const shared = {
  hasIds: false,
  order: null,
  zone: () => UTC,
  decimal: null,
  dates: null,
  since: Date.UTC(2011, 6, 1),
} as const;

function moveOf(row: Row): Move {
  return { asset: assetOf(row.text('asset')), amount: row.number('amount') };
}

function feeOf(row: Row): Move {
  const fee = amountOf(row.numberOrNull('fee') ?? '0');
  return { asset: assetOf(row.text('asset')), amount: decimal(-fee) };
}

const DERIVATIVE = /^(margin|rollover|settled)$/i;
/** Between the spot and the earning account of the same owner. */
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
  if (/^(trade|spend|receive)$/.test(kind)) {
    const reading = exchangeOf(real.map(moveOf), real.map(feeOf), occasion, kind);
    return [...readings, { rows: real, reading }];
  }
  const internal = real.filter(isInternal);
  for (const row of internal) {
    readings.push({ rows: [row], reading: ignored('internal-transfer', wordOf(row), [moveOf(row)]) });
  }
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

function readAlone(row: Row, occasion: Occasion): GroupReading['reading'] {
  const kind = row.text('kind').toLowerCase();
  const word = wordOf(row);
  const [move] = sumMoves([moveOf(row), feeOf(row)]);
  if (move === undefined) return ignored('empty-row', word);
  if (kind === 'deposit' || kind === 'withdrawal') return transfer(move, occasion);
  const isIncome =
    /^(staking|airdrop|dividend|invite bonus|reward)$/.test(kind) || /^reward$/i.test(row.text('subtype'));
  if (isIncome) return transfer(move, occasion, 'income');
  if (DERIVATIVE.test(kind)) return undecided('derivative', word, [move], occasion);
  return undecided('unknown-kind', word, [move], occasion);
}

/** Kraken's ledgers: a row for each change, with a fee that is not part of it. */
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

/** What pairs of today end in. */
const QUOTES =
  'PYUSD RLUSD USDT USDC USDG USDQ USDR EURC EURQ EURR DAI USD EUR GBP CAD JPY AUD CHF AED XBT ETH BTC'.split(
    ' ',
  );

/** The oldest pairs, of two codes with Kraken's own letter in front; what was listed after them has plain codes. */
const OLD_PAIR = /^([XZ][A-Z]{3}|USDT)([XZ][A-Z]{3})$/;

/**
 * What a pair can be: `XXBTZEUR`, `DOTEUR`, `XBT/EUR`. The letter of an old code is one only where both codes have it:
 * `XTZEUR` is XTZ/EUR. @throws CellError for none
 */
function pairsIn(row: Row): [Pair, ...Pair[]] {
  const name = row.text('pair').toUpperCase();
  const [base = '', quote = ''] = name.split('/');
  if (quote !== '') return [{ base: assetOf(base), quote: assetOf(quote) }];
  const [, oldBase = '', oldQuote = ''] = OLD_PAIR.exec(name) ?? [];
  const isOld = CODES[oldQuote] !== undefined;
  if (isOld && (oldBase === 'USDT' || CODES[oldBase] !== undefined)) {
    return [{ base: assetOf(oldBase), quote: assetOf(oldQuote) }];
  }
  const pairs = QUOTES.filter((each) => name.endsWith(each) && name.length > each.length).map((each) => ({
    base: assetOf(name.slice(0, -each.length)),
    quote: assetOf(each),
  }));
  if (isOld) pairs.unshift({ base: oldBase.slice(1), quote: assetOf(oldQuote) });
  const [first, ...others] = pairs;
  if (first === undefined) {
    throw row.error('pair', 'not-a-pair', 'is not a pair such as XXBTZEUR or XBT/EUR');
  }
  return [first, ...others];
}

/** A position of borrowed money is not booked, so nobody is asked which asset it is of. @throws CellError */
function onlyPair(row: Row, pairs: readonly [Pair, ...Pair[]]): Pair {
  if (pairs.length === 1) return pairs[0];
  const readings = pairs.map(({ base, quote }) => `${base}/${quote}`);
  const detail = `could be ${readings.join(' or ')}: write it with a slash`;
  throw row.error('pair', 'not-a-pair', detail, { readings: readings.join(', ') });
}

/** Kraken's trades: what its ledgers have too, with the same ids. */
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
    const side = sideOf(row.text('side'));
    if (side === null) throw row.error('side', 'unknown-side', 'must be buy or sell');
    const pairs = pairsIn(row);
    const occasion = { exchange: 'kraken', time: row.time('time'), externalId: row.text('id') || undefined };
    const quantity = row.number('quantity');
    if (fixed(row.numberOrNull('margin') ?? '0') !== 0n) {
      const amount = side === 'buy' ? quantity : `-${quantity}`;
      const { base: asset } = onlyPair(row, pairs);
      return undecided('derivative', `margin ${row.text('pair')}`, [{ asset, amount }], occasion);
    }
    const type = row.text('orderType').toLowerCase();
    return oneOfPairs(row.text('pair'), pairs, ({ base, quote }) => ({
      kind: 'trade',
      ...occasion,
      symbol: `${base}/${quote}`,
      side,
      quantity,
      price: row.number('price'),
      fee: { amount: row.number('fee'), currency: quote },
      orderId: row.text('orderId') || undefined,
      type: /^[a-z][a-z0-9_-]{0,29}$/.test(type) ? type : undefined,
    }));
  }),
};
