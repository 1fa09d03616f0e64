import { abs, decimal, div, type Fixed, fixed, mul, ZERO } from '../../money/money.ts';
import type {
  DecisionCode,
  DecisionOption,
  Move,
  RawEntry,
  RawTrade,
  RawTransfer,
  RowReading,
} from './format.ts';

import type { Pair } from './pair.ts';

/** Where and when something moved. */
export interface Occasion {
  exchange: string;
  time: number;
  externalId?: string | undefined;
  orderId?: string | undefined;
  /** Of the transaction on the chain. */
  txid?: string | undefined;
  note?: string | undefined;
}

/** Money goes before coins, and coins that others are quoted in before the rest. */
const QUOTES = 'KRW USD USDT USDC EUR GBP JPY FDUSD BUSD TUSD DAI TRY BRL AUD CHF CAD BTC ETH BNB'.split(' ');

function rankOf(asset: string): number {
  const rank = QUOTES.indexOf(asset);
  return rank === -1 ? QUOTES.length : rank;
}

const SIGNED = /^-?\d+(?:\.\d+)?$/;

/** An amount of at most 18 decimals, as all of a ledger have; what is behind them is rounded off. */
export function amountOf(number: string): Fixed {
  if (!SIGNED.test(number)) return ZERO;
  const [whole = '0', fraction = ''] = number.split('.');
  return fixed(fraction === '' ? whole : `${whole}.${fraction.slice(0, 18)}`);
}

/** Sums of moves by asset, without those that come to nothing. */
export function sumMoves(moves: readonly Move[]): Move[] {
  const sums = new Map<string, Fixed>();
  for (const { asset, amount } of moves) sums.set(asset, (sums.get(asset) ?? ZERO) + amountOf(amount));
  return [...sums].filter(([, sum]) => sum !== ZERO).map(([asset, sum]) => ({ asset, amount: decimal(sum) }));
}

/** A trade of what goes for what comes: `gives` is negative, `gets` positive. */
export function tradeOf(gives: Move, gets: Move, occasion: Occasion, fee?: RawTrade['fee']): RawTrade {
  const isBuy = rankOf(gives.asset) <= rankOf(gets.asset);
  const pair = isBuy ? { base: gets, quote: gives } : { base: gives, quote: gets };
  const quantity = abs(amountOf(pair.base.amount));
  const total = abs(amountOf(pair.quote.amount));
  return {
    kind: 'trade',
    ...occasion,
    symbol: `${pair.base.asset}/${pair.quote.asset}`,
    side: isBuy ? 'buy' : 'sell',
    quantity: decimal(quantity),
    price: decimal(div(total, quantity)),
    fee,
  };
}

/** What an entry moves. */
export function movesOf(entry: RawEntry): Move[] {
  const quantity = amountOf(entry.quantity);
  if (entry.kind !== 'trade') {
    const { asset, kind, fee, from = [] } = entry;
    const cost = fee === undefined ? [] : [{ asset: fee.currency, amount: decimal(-amountOf(fee.amount)) }];
    if (kind === 'transfer') return cost;
    const amount = decimal(kind === 'withdrawal' || kind === 'fee' ? -quantity : quantity);
    const given = from.map((source) => ({
      asset: source.asset,
      amount: decimal(-amountOf(source.quantity)),
    }));
    return [{ asset, amount }, ...given];
  }
  const [base = '', quote = ''] = entry.symbol.split('/');
  const sign = entry.side === 'buy' ? 1n : -1n;
  const { fee } = entry;
  return [
    { asset: base, amount: decimal(sign * quantity) },
    { asset: quote, amount: decimal(-sign * mul(quantity, amountOf(entry.price))) },
    ...(fee === undefined ? [] : [{ asset: fee.currency, amount: decimal(-amountOf(fee.amount)) }]),
  ];
}

/** A deposit or withdrawal, by the sign of the move. */
export function transferOf({ asset, amount }: Move, occasion: Occasion): RawTransfer {
  const { orderId: _, ...rest } = occasion;
  const quantity = amountOf(amount);
  return {
    kind: quantity < ZERO ? 'withdrawal' : 'deposit',
    ...rest,
    asset,
    quantity: decimal(abs(quantity)),
  };
}

/** Income, or a deposit or withdrawal by the sign of the move. Nothing for a move of zero. */
export function transfer(move: Move, occasion: Occasion, kind?: 'income'): RowReading {
  const raw = transferOf(move, occasion);
  if (amountOf(raw.quantity) === ZERO) return { ignored: 'empty-row', word: kind ?? raw.kind, moves: [] };
  return { entries: [kind === 'income' && raw.kind === 'deposit' ? { ...raw, kind } : raw] };
}

/** Several entries of one occasion: the first has its id, the others the same with a number behind it. */
function numbered<T extends RawEntry>(entries: T[]): T[] {
  return entries.map((entry, index) =>
    index === 0 || entry.externalId === undefined
      ? entry
      : { ...entry, externalId: `${entry.externalId}:${index + 1}` },
  );
}

/** What moves could be: a trade, income, deposits and withdrawals, or nothing of the owner's. */
export function optionsOf(
  moves: readonly Move[],
  occasion: Occasion,
  fee?: RawTrade['fee'],
): DecisionOption[] {
  const sums = sumMoves(moves);
  const gets = sums.filter(({ amount }) => !amount.startsWith('-'));
  const gives = sums.filter(({ amount }) => amount.startsWith('-'));
  const [get] = gets;
  const [give] = gives;
  const options: DecisionOption[] = [];
  if (gets.length === 1 && gives.length === 1 && get !== undefined && give !== undefined) {
    options.push({ id: 'trade', entries: [tradeOf(give, get, occasion, fee)] });
  }
  if (gets.length > 0 && gives.length === 0) {
    const income = gets.map((move): RawTransfer => ({ ...transferOf(move, occasion), kind: 'income' }));
    options.push({ id: 'income', entries: numbered(income) });
  }
  const all =
    fee === undefined ? sums : sumMoves([...sums, { asset: fee.currency, amount: `-${fee.amount}` }]);
  if (all.length > 0) {
    options.push({ id: 'transfers', entries: numbered(all.map((move) => transferOf(move, occasion))) });
  }
  return [...options, { id: 'nothing', entries: [] }];
}

/** Rows that only their owner can explain. */
export function undecided(
  code: DecisionCode,
  word: string,
  moves: readonly Move[],
  occasion: Occasion,
): RowReading {
  const { exchange, time } = occasion;
  return {
    decision: {
      code,
      word: word.slice(0, 100),
      time,
      exchange,
      moves: sumMoves(moves),
      options: optionsOf(moves, occasion),
    },
  };
}

/** The trade of a row, or the choice between those that it can be: `ADAEUR` may end in EUR or in AEUR. */
export function oneOfPairs(
  word: string,
  pairs: readonly Pair[],
  tradeIn: (pair: Pair) => RawTrade,
): RowReading {
  const trades = pairs.map(tradeIn);
  const [first] = trades;
  if (first === undefined) throw new TypeError('a row without a pair');
  if (trades.length === 1) return { entries: [first] };
  const options = trades.map((each) => ({ id: each.symbol, entries: [each] }));
  const { time, exchange = '' } = first;
  return {
    decision: {
      code: 'ambiguous-pair',
      word: word.slice(0, 100),
      time,
      exchange,
      moves: [],
      options: [...options, { id: 'nothing', entries: [] }],
    },
  };
}

/** What legs of one instant are: a trade if one asset goes and another comes. */
export function exchangeOf(
  legs: readonly Move[],
  fees: readonly Move[],
  occasion: Occasion,
  word: string,
): RowReading {
  const sums = sumMoves(legs);
  const gets = sums.filter(({ amount }) => !amount.startsWith('-'));
  const gives = sums.filter(({ amount }) => amount.startsWith('-'));
  const costs = sumMoves(fees);
  const [get] = gets;
  const [give] = gives;
  const [cost] = costs;
  const isTrade = gets.length === 1 && gives.length === 1 && costs.length <= 1;
  // A rebate is no fee, and a trade cannot hold it.
  const isRebate = cost !== undefined && !cost.amount.startsWith('-');
  if (!isTrade || get === undefined || give === undefined || isRebate) {
    const code = gets.length === 0 || gives.length === 0 ? 'incomplete-trade' : 'several-trades';
    return undecided(code, word, [...legs, ...fees], occasion);
  }
  const fee = cost === undefined ? undefined : { amount: cost.amount.slice(1), currency: cost.asset };
  return { entries: [tradeOf(give, get, occasion, fee)] };
}
