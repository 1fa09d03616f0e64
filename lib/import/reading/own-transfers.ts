import { ZERO } from '../../money/money.ts';
import { type GroupReading, ignored, type Move, type RowReading } from './format.ts';
import { amountOf, costOf, entryOf, numbered, type Occasion, sumMoves } from './legs.ts';
import type { Row } from './row.ts';

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
