import { decimal, type Fixed, ZERO } from '../../money/money.ts';
import { type DecisionOption, ignored, type Move, type RowReading } from './format.ts';
import {
  amountOf,
  charged,
  convertOf,
  costOf,
  entryOf,
  MAX_SOURCES,
  numbered,
  type Occasion,
  sumMoves,
  tradeOf,
  transferOf,
  withdrawalOf,
} from './legs.ts';
import { rewardSubtype } from './reward-words.ts';
import { undecided } from './undecided.ts';

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

/** Whether no asset both goes out and comes in. */
function areOneWay(legs: readonly Move[]): boolean {
  const given = new Set(legs.filter(({ amount }) => amount.startsWith('-')).map(({ asset }) => asset));
  return !legs.some(({ asset, amount }) => given.has(asset) && amountOf(amount) > ZERO);
}

function plus(move: Move, other: Move | undefined): Move {
  if (other === undefined) return move;
  return { asset: move.asset, amount: decimal(amountOf(move.amount) + amountOf(other.amount)) };
}

/**
 * What the legs of one instant are: a trade if one asset goes out and another comes in; a conversion, from
 * any number of assets into one, if the file calls it that. A purchase and a sale of one pair are two trades, never their
 * difference.
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
  const isOneWay = kind === 'convert' || areOneWay(legs);
  if (get !== undefined && give !== undefined && gets.length === 1 && isOneWay) {
    if (kind === 'convert' && gives.length <= MAX_SOURCES) {
      return { entries: convertOf(gives, get, sumMoves(fees), occasion) };
    }
    if (kind === 'trade' && gives.length === 1) {
      return { entries: charged(tradeOf(give, get, occasion), fees) };
    }
  }
  const all = [...legs, ...fees];
  if (isOneWay && (gets.length === 0 || gives.length === 0)) {
    return undecided('incomplete-trade', word, all, occasion);
  }
  const grouped = inFileOrder(legs, fees, occasion);
  return undecided('several-trades', word, all, occasion, grouped === null ? [] : [grouped]);
}
