import { type Fixed, mul, ZERO } from '../../money/money.ts';
import type { MovementKind, TokenChange } from '../../pnl/ledger/entry.ts';

export const ROW_ORDERS = ['oldest-first', 'newest-first'] as const;
/** The direction of time in a list of trades. */
export type RowOrder = (typeof ROW_ORDERS)[number];

interface Trade {
  /** Epoch milliseconds. */
  time: number;
  base: string;
  quote: string;
  side: 'buy' | 'sell';
  quantity: Fixed;
  price: Fixed;
  fee: { amount: Fixed; currency: string } | null;
}

interface Transfer {
  time: number;
  kind: MovementKind | TokenChange | 'convert' | 'transfer';
  asset: string;
  quantity: Fixed;
}

/** The effect of an instant's trades on one asset, in file order. */
interface Flow {
  sum: Fixed;
  /** The lowest running sum, starting at zero. */
  lowest: Fixed;
  highest: Fixed;
  isBought: boolean;
  comes: boolean;
  goes: boolean;
  /** One of the trades, to detect whether another one differs. */
  first: string;
  isMixed: boolean;
}

/** The maximum number of assets to keep track of. */
const MAX_ASSETS = 10_000;

/**
 * Determines from a list of trades which way time runs in it. The times decide, unless all are the same: then
 * the order is known if only one direction buys what is sold before it is sold.
 */
export class RowOrders {
  #time: number | null = null;
  #last = 0;
  #entries = 0;
  #rises = 0;
  #falls = 0;
  /** `null` if the times differ, or there are too many assets. */
  #flows: Map<string, Flow> | null = new Map();

  add(entry: (Trade & { kind?: 'trade' }) | Transfer): void {
    const { time } = entry;
    this.#entries += 1;
    if (this.#time === null) this.#time = time;
    else if (time > this.#last) this.#rises += 1;
    else if (time < this.#last) this.#falls += 1;
    this.#last = time;
    if (this.#rises + this.#falls > 0) this.#flows = null;
    if (this.#flows === null) return;
    // Only trades compete for their order: within an instant, other entries are placed before or after all of
    // them.
    if ('asset' in entry) return;
    const name = nameOf(entry);
    for (const [asset, amount] of movesOf(entry)) {
      this.#move(this.#flows, {
        asset,
        amount,
        name,
        isBought: asset === entry.base && entry.side === 'buy',
      });
    }
    if (this.#flows.size > MAX_ASSETS) this.#flows = null;
  }

  /** The time of all trades, if it is the same. */
  get instant(): number | null {
    return this.#rises + this.#falls === 0 ? this.#time : null;
  }

  /** Whether no two trades share an instant, as far as the order of the list shows. */
  get areApart(): boolean {
    return Math.max(this.#rises, this.#falls) === this.#entries - 1;
  }

  /** The direction of the times; `null` if all are equal, or they rise as often as they fall. */
  get byTime(): RowOrder | null {
    if (this.#rises === this.#falls) return null;
    return this.#rises > this.#falls ? 'oldest-first' : 'newest-first';
  }

  /**
   * The order in which more of what is sold was bought before; `null` if neither is better for every asset.
   */
  get byCover(): RowOrder | null {
    const oldest = this.shortfalls('oldest-first');
    const newest = this.shortfalls('newest-first');
    const assets = [...oldest.keys()];
    const differ = assets.map((asset) => (newest.get(asset) ?? ZERO) - (oldest.get(asset) ?? ZERO));
    if (differ.some((more) => more > ZERO))
      return differ.every((more) => more >= ZERO) ? 'oldest-first' : null;
    return differ.some((more) => more < ZERO) ? 'newest-first' : null;
  }

  /**
   * For each asset that is bought, the amount that must have been held before so that nothing is sold short.
   */
  shortfalls(order: RowOrder): Map<string, Fixed> {
    const short = new Map<string, Fixed>();
    for (const [asset, { sum, lowest, highest, isBought }] of this.#flows ?? []) {
      if (isBought) short.set(asset, order === 'oldest-first' ? -lowest : highest - sum);
    }
    return short;
  }

  /** Whether any figures depend on the order of trades at the same instant. */
  matters({ baseCurrency, costMethod }: { baseCurrency: string; costMethod: string }): boolean {
    if (this.instant === null) return false;
    if (this.#flows === null) return true;
    for (const [asset, { comes, goes, isMixed }] of this.#flows) {
      if (asset === baseCurrency) continue;
      // The average does not depend on which of two purchases was first; lots do.
      if (isMixed && ((comes && goes) || costMethod !== 'average')) return true;
    }
    return false;
  }

  #move(
    flows: Map<string, Flow>,
    { asset, amount, name, isBought }: { asset: string; amount: Fixed; name: string; isBought: boolean },
  ): void {
    let flow = flows.get(asset);
    if (flow === undefined) {
      flow = {
        sum: ZERO,
        lowest: ZERO,
        highest: ZERO,
        isBought: false,
        comes: false,
        goes: false,
        first: name,
        isMixed: false,
      };
      flows.set(asset, flow);
    }
    flow.sum += amount;
    if (flow.sum < flow.lowest) flow.lowest = flow.sum;
    if (flow.sum > flow.highest) flow.highest = flow.sum;
    if (isBought) flow.isBought = true;
    if (amount > ZERO) flow.comes = true;
    if (amount < ZERO) flow.goes = true;
    if (flow.first !== name) flow.isMixed = true;
  }
}

function nameOf({ base, quote, side, quantity, price, fee }: Trade): string {
  return [base, quote, side, quantity, price, fee?.amount, fee?.currency].join(' ');
}

/** How a trade changes the holding of each asset. */
function movesOf({ base, quote, side, quantity, price, fee }: Trade): Map<string, Fixed> {
  const sign = side === 'buy' ? 1n : -1n;
  const moves = new Map<string, Fixed>([
    [base, sign * quantity],
    [quote, -sign * mul(price, quantity)],
  ]);
  if (fee !== null) moves.set(fee.currency, (moves.get(fee.currency) ?? ZERO) - fee.amount);
  return moves;
}

/**
 * The position of each trade of a list among those at its instant, from 1, in order of time; `null` for the
 * only trade at its instant.
 */
export function placesOf(times: readonly number[], order: RowOrder): (number | null)[] {
  const places = new Map<number, { first: number; last: number }>();
  times.forEach((time, index) => {
    const place = places.get(time);
    if (place === undefined) places.set(time, { first: index, last: index });
    else place.last = index;
  });
  return times.map((time, index) => {
    const { first, last } = places.get(time) ?? { first: index, last: index };
    if (first === last) return null;
    return order === 'oldest-first' ? index - first + 1 : last - index + 1;
  });
}
