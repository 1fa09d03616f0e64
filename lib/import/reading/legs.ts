import { abs, decimal, div, type Fixed, fixed, mul, ZERO } from '../../money/money.ts';
import {
  type DecisionCode,
  type DecisionOption,
  type GroupReading,
  ignored,
  type Move,
  type RawEntry,
  type RawTrade,
  type RawTransfer,
  type RowReading,
} from './format.ts';
import type { Pair } from './pair.ts';
import { rewardSubtype } from './reward-words.ts';
import type { Row } from './row.ts';

/** Where and when something moved. */
export interface Occasion {
  exchange: string;
  time: number;
  externalId?: string | undefined;
  orderId?: string | undefined;
  /** Id of the transaction on the chain. */
  txid?: string | undefined;
  note?: string | undefined;
}

/** Currencies before coins, and common quote coins before the others. */
const QUOTES = 'KRW USD USDT USDC EUR GBP JPY FDUSD BUSD TUSD DAI TRY BRL AUD CHF CAD BTC ETH BNB'.split(' ');

function rankOf(asset: string): number {
  const rank = QUOTES.indexOf(asset);
  return rank === -1 ? QUOTES.length : rank;
}

const SIGNED = /^-?\d+(?:\.\d+)?$/;

/** An amount of at most 18 decimals, the ledger's precision; further ones are rounded. */
export function amountOf(number: string): Fixed {
  if (!SIGNED.test(number)) return ZERO;
  const [whole = '0', fraction = ''] = number.split('.');
  return fixed(fraction === '' ? whole : `${whole}.${fraction.slice(0, 18)}`);
}

/** Moves summed by asset, without sums of zero. */
export function sumMoves(moves: readonly Move[]): Move[] {
  const sums = new Map<string, Fixed>();
  for (const { asset, amount } of moves) sums.set(asset, (sums.get(asset) ?? ZERO) + amountOf(amount));
  return [...sums].filter(([, sum]) => sum !== ZERO).map(([asset, sum]) => ({ asset, amount: decimal(sum) }));
}

/** The trade of one asset for another: `gives` is negative, `gets` positive. */
export function tradeOf(gives: Move, gets: Move, occasion: Occasion): RawTrade {
  const { txid: _, ...rest } = occasion;
  const isBuy = rankOf(gives.asset) <= rankOf(gets.asset);
  const pair = isBuy ? { base: gets, quote: gives } : { base: gives, quote: gets };
  const quantity = abs(amountOf(pair.base.amount));
  const total = abs(amountOf(pair.quote.amount));
  return {
    kind: 'trade',
    ...rest,
    symbol: `${pair.base.asset}/${pair.quote.asset}`,
    side: isBuy ? 'buy' : 'sell',
    quantity: decimal(quantity),
    price: decimal(div(total, quantity)),
  };
}

/** The moves of an entry. A transfer within the portfolio moves nothing but its fee. */
export function movesOf(entry: RawEntry): Move[] {
  const quantity = amountOf(entry.quantity);
  const { fee } = entry;
  const cost = fee === undefined ? [] : [{ asset: fee.currency, amount: decimal(-amountOf(fee.amount)) }];
  if (entry.kind !== 'trade') {
    const { asset, kind, from = [] } = entry;
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
  return [
    { asset: base, amount: decimal(sign * quantity) },
    { asset: quote, amount: decimal(-sign * mul(quantity, amountOf(entry.price))) },
    ...cost,
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

/** An entry of a kind with a single asset; the sign of the move is dropped. */
function entryOf(kind: RawTransfer['kind'], move: Move, occasion: Occasion): RawTransfer {
  return { ...transferOf(move, occasion), kind };
}

/**
 * A deposit or withdrawal, by the sign of the move; nothing for a move of zero.
 * @param fee of a withdrawal: the part of the move that the network or the exchange took
 */
export function transfer(move: Move, occasion: Occasion, fee: Fixed = ZERO): RowReading {
  const raw = transferOf(move, occasion);
  const quantity = amountOf(raw.quantity);
  if (quantity === ZERO) return ignored('empty-row', raw.kind);
  return { entries: [raw.kind === 'withdrawal' ? withdrawalOf(move, occasion, fee) : raw] };
}

/** A transfer whose word states the direction; if the sign contradicts it, the user decides. */
export function namedTransfer(word: string, move: Move, occasion: Occasion, fee: Fixed = ZERO): RowReading {
  const quantity = amountOf(move.amount);
  const isIn = /deposit/i.test(word);
  const contradicts = isIn ? quantity < ZERO : quantity > ZERO;
  return contradicts ? undecided('unknown-kind', word, [move], occasion) : transfer(move, occasion, fee);
}

/** @param fee the part of the move that the network or the exchange took */
export function withdrawalOf(move: Move, occasion: Occasion, fee: Fixed): RawTransfer {
  const raw = entryOf('withdrawal', move, occasion);
  if (fee <= ZERO || fee >= amountOf(raw.quantity)) return raw;
  return { ...raw, fee: { amount: decimal(fee), currency: move.asset } };
}

/**
 * A reward, whose word says what it is for. A negative one was taken back, but the file does not say which
 * one.
 */
export function reward(move: Move, occasion: Occasion, word: string): RowReading {
  const quantity = amountOf(move.amount);
  if (quantity === ZERO) return ignored('empty-row', word);
  if (quantity < ZERO) return undecided('unknown-kind', word, [move], occasion);
  return { entries: [{ ...entryOf('income', move, occasion), subtype: rewardSubtype(word) }] };
}

/** A fee that is not part of a trade; a positive amount is a refund. */
export function charge(move: Move, occasion: Occasion): RowReading {
  const quantity = amountOf(move.amount);
  if (quantity === ZERO) return ignored('empty-row', 'fee');
  return { entries: [entryOf(quantity < ZERO ? 'fee' : 'rebate', move, occasion)] };
}

/**
 * A trade with its costs: its fee, and separate entries for rebates, which a trade cannot hold, and for fees
 * in further assets.
 * @param costs negative if paid, positive if refunded
 */
export function charged(trade: RawTrade, costs: readonly Move[]): RawEntry[] {
  const sums = sumMoves(costs);
  const fees = sums.filter(({ amount }) => amount.startsWith('-'));
  const pair = trade.symbol.split('/');
  const fee = fees.find(({ asset }) => pair.includes(asset)) ?? fees[0];
  const others = sums.filter((each) => each !== fee);
  const own = fee === undefined ? undefined : { amount: fee.amount.slice(1), currency: fee.asset };
  return numbered([{ ...trade, fee: own }, ...others.map((each) => costOf(each, trade))]);
}

function costOf(
  move: Move,
  { exchange = '', time, externalId, note }: Partial<Occasion> & { time: number },
): RawTransfer {
  const kind = move.amount.startsWith('-') ? 'fee' : 'rebate';
  return entryOf(kind, move, { exchange, time, externalId, note });
}

/** The amount of a fee column: paid, or refunded if it is negative. */
export function costIn({ asset, amount }: Move): Move[] {
  const fee = amountOf(amount);
  return fee === ZERO ? [] : [{ asset, amount: decimal(-fee) }];
}

/** The maximum number of sources of one conversion. */
export const MAX_SOURCES = 100;

/** A conversion of one or more assets into one, with its costs. */
function convertOf(
  gives: readonly Move[],
  get: Move,
  costs: readonly Move[],
  occasion: Occasion,
): RawTransfer[] {
  const convert: RawTransfer = {
    ...entryOf('convert', get, occasion),
    from: gives.map(({ asset, amount }) => ({ asset, quantity: decimal(abs(amountOf(amount))) })),
  };
  return numbered([convert, ...costs.map((each) => costOf(each, convert))]);
}

/** Two places of the same owner: the one the row belongs to, and the other. */
export interface Places {
  here: string;
  there: string;
}

/**
 * One half of a move between two places of the same owner; the other half is in another row or another file.
 */
export interface PlacedMove {
  row: Row;
  word: string;
  move: Move;
  places: Places;
  /** Not part of the move. */
  costs?: readonly Move[];
}

/**
 * Moves between two places of the same owner. A half that goes out and one that comes in are one transfer. If
 * the other half is not in the file, the change of the row's own place is reported as `aside`, because a
 * transfer does not change the portfolio.
 */
export function ownTransfers(legs: readonly PlacedMove[], occasion: Occasion): GroupReading[] {
  const left = new Set(legs);
  const readings: GroupReading[] = [];
  for (const leg of legs) {
    if (!left.delete(leg)) continue;
    const other = [...left].find((each) => isOtherHalf(leg, each));
    if (other === undefined) {
      readings.push({ rows: [leg.row], reading: oneSided(leg, occasion) });
      continue;
    }
    left.delete(other);
    const [out, into] = leg.move.amount.startsWith('-') ? [leg, other] : [other, leg];
    readings.push({ rows: [leg.row, other.row], reading: twoSided(out, into, occasion) });
  }
  return readings;
}

function isOtherHalf(a: PlacedMove, b: PlacedMove): boolean {
  return a.move.asset === b.move.asset && amountOf(a.move.amount) + amountOf(b.move.amount) === ZERO;
}

function twoSided(out: PlacedMove, into: PlacedMove, occasion: Occasion): RowReading {
  const [here, there] = [out.places.here, into.places.here];
  const costs = [...(out.costs ?? []), ...(into.costs ?? [])];
  if (here === there && sumMoves(costs).length === 0) {
    return ignored('internal-transfer', out.word, [out.move, into.move]);
  }
  const places = { here, there: here === there ? out.places.there : there };
  return moved({ ...out, places, costs }, occasion);
}

function oneSided(leg: PlacedMove, occasion: Occasion): RowReading {
  const reading = moved(leg, occasion);
  return 'entries' in reading ? { ...reading, aside: [leg.move] } : reading;
}

function moved({ move, word, places, costs = [] }: PlacedMove, occasion: Occasion): RowReading {
  const quantity = amountOf(move.amount);
  const sums = sumMoves(costs);
  if (quantity === ZERO) {
    if (sums.length === 0) return ignored('empty-row', word);
    return { entries: numbered(sums.map((cost) => costOf(cost, occasion))) };
  }
  const { here, there } = places;
  const [account, toAccount] = quantity < ZERO ? [here, there] : [there, here];
  const paid = sums.find(({ amount }) => amount.startsWith('-'));
  const fee = paid === undefined ? undefined : { amount: paid.amount.slice(1), currency: paid.asset };
  const entry = { ...entryOf('transfer', move, occasion), account, toAccount, note: word, fee };
  const others = sums.filter((cost) => cost !== paid).map((cost) => costOf(cost, occasion));
  return { entries: numbered([entry, ...others]) };
}

/** Numbers entries that share an id: the first keeps it, the others get a suffix. */
function numbered<T extends RawEntry>(entries: T[]): T[] {
  return entries.map((entry, index) =>
    index === 0 || entry.externalId === undefined
      ? entry
      : { ...entry, externalId: `${entry.externalId}:${index + 1}` },
  );
}

/**
 * The options for a set of moves: a trade, a conversion, income, a fee, deposits and withdrawals, or nothing
 * that belongs to the user.
 */
export function optionsOf(moves: readonly Move[], occasion: Occasion): DecisionOption[] {
  const sums = sumMoves(moves);
  const gets = sums.filter(({ amount }) => !amount.startsWith('-'));
  const gives = sums.filter(({ amount }) => amount.startsWith('-'));
  const [get] = gets;
  const [give] = gives;
  const options: DecisionOption[] = [];
  if (gets.length === 1 && get !== undefined && give !== undefined && gives.length <= MAX_SOURCES) {
    if (gives.length === 1) options.push({ id: 'trade', entries: [tradeOf(give, get, occasion)] });
    options.push({ id: 'convert', entries: convertOf(gives, get, [], occasion) });
  }
  if (gives.length === 0 && gets.length > 0) {
    options.push({ id: 'income', entries: numbered(gets.map((move) => entryOf('income', move, occasion))) });
  }
  if (gets.length === 0 && gives.length > 0) {
    options.push({ id: 'fee', entries: numbered(gives.map((move) => entryOf('fee', move, occasion))) });
  }
  if (sums.length > 0) {
    options.push({ id: 'transfers', entries: numbered(sums.map((move) => transferOf(move, occasion))) });
  }
  return [...options, { id: 'nothing', entries: [] }];
}

/**
 * Rows that only the user can explain.
 * @param first options to list before the others
 */
export function undecided(
  code: DecisionCode,
  word: string,
  moves: readonly Move[],
  occasion: Occasion,
  first: readonly DecisionOption[] = [],
): RowReading {
  const { exchange, time } = occasion;
  return {
    decision: {
      code,
      word: word.slice(0, 100),
      time,
      exchange,
      moves: sumMoves(moves),
      options: [...first, ...optionsOf(moves, occasion)],
    },
  };
}

/** The trade of a row, or a decision between the possible ones: `ADAEUR` may end in EUR or in AEUR. */
export function oneOfPairs(
  word: string,
  pairs: readonly Pair[],
  tradeIn: (pair: Pair) => RawEntry[],
): RowReading {
  const options = pairs.map((pair) => ({ id: `${pair.base}/${pair.quote}`, entries: tradeIn(pair) }));
  const [first] = options;
  const [trade] = first?.entries ?? [];
  if (first === undefined || trade === undefined) throw new TypeError('a row without a pair');
  if (options.length === 1) return { entries: first.entries };
  const { time, exchange = '' } = trade;
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

/** More trades than this within a second cannot be told apart by a person; the user needs another export. */
const MAX_GROUPED = 50;

/**
 * Pairs the trades of one instant in file order: the first amount given with the first received, the second
 * with the second. Nothing proves that, so it is only an option. `null` if the rows cannot be paired.
 */
function inFileOrder(
  legs: readonly Move[],
  fees: readonly Move[],
  occasion: Occasion,
): DecisionOption | null {
  const gives = legs.filter(({ amount }) => amount.startsWith('-'));
  const gets = legs.filter(({ amount }) => !amount.startsWith('-'));
  if (gives.length !== gets.length || gives.length < 2 || gives.length > MAX_GROUPED) return null;
  const hasFees = fees.length === gives.length;
  const trades = new Map<string, { give: Move; get: Move; costs: Move[] }>();
  for (const [index, give] of gives.entries()) {
    const get = gets[index];
    if (get === undefined || get.asset === give.asset) return null;
    const fee = hasFees ? fees[index] : undefined;
    const key = `${give.asset} ${get.asset}`;
    const trade = trades.get(key);
    const costs = [...(trade?.costs ?? []), ...(fee === undefined ? [] : [fee])];
    trades.set(key, { give: plus(give, trade?.give), get: plus(get, trade?.get), costs });
  }
  const entries = [...trades.values()].flatMap(({ give, get, costs }) =>
    charged(tradeOf(give, get, { ...occasion, externalId: undefined }), costs),
  );
  const rest = hasFees ? [] : sumMoves(fees).map((fee) => costOf(fee, occasion));
  const { externalId } = occasion;
  return {
    id: 'trades',
    entries: numbered([...entries, ...rest].map((entry) => ({ ...entry, externalId }))),
  };
}

function plus(move: Move, other: Move | undefined): Move {
  if (other === undefined) return move;
  return { asset: move.asset, amount: decimal(amountOf(move.amount) + amountOf(other.amount)) };
}

/**
 * What the legs of one instant are: a trade if one asset goes out and another comes in; a conversion, from
 * any number of assets into one, if the file calls it that.
 */
export function exchangeOf(
  legs: readonly Move[],
  fees: readonly Move[],
  occasion: Occasion,
  word: string,
  kind: 'trade' | 'convert' = 'trade',
): RowReading {
  const sums = sumMoves(legs);
  const gets = sums.filter(({ amount }) => !amount.startsWith('-'));
  const gives = sums.filter(({ amount }) => amount.startsWith('-'));
  const [get] = gets;
  const [give] = gives;
  if (get !== undefined && give !== undefined && gets.length === 1) {
    if (kind === 'convert' && gives.length <= MAX_SOURCES) {
      return { entries: convertOf(gives, get, sumMoves(fees), occasion) };
    }
    if (kind === 'trade' && gives.length === 1) {
      return { entries: charged(tradeOf(give, get, occasion), fees) };
    }
  }
  const all = [...legs, ...fees];
  if (gets.length === 0 || gives.length === 0) return undecided('incomplete-trade', word, all, occasion);
  const grouped = inFileOrder(legs, fees, occasion);
  return undecided('several-trades', word, all, occasion, grouped === null ? [] : [grouped]);
}
