import type { DecisionCode, DecisionOption, Move, RawEntry, RowReading } from './format.ts';
import {
  convertOf,
  entryOf,
  MAX_SOURCES,
  numbered,
  type Occasion,
  sumMoves,
  tradeOf,
  transferOf,
} from './legs.ts';
import type { Pair } from './pair.ts';

/**
 * The options for a set of moves: a trade, a conversion, income, a fee, deposits and withdrawals, or nothing
 * that belongs to the user.
 */
function optionsOf(moves: readonly Move[], occasion: Occasion): DecisionOption[] {
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
