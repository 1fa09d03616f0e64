/**
 * Cost and realised PnL by fractions, written from the specification alone: nothing of the code under test, no rounding,
 * whole purchases in plain arrays that are looked through anew for every sale.
 */

/** A fraction of whole numbers; the denominator is positive. */
export interface Fraction {
  over: bigint;
  under: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b);
}

function reduced(over: bigint, under: bigint): Fraction {
  const divisor = gcd(over, under) || 1n;
  return { over: over / divisor, under: under / divisor };
}

export function fraction(decimal: string): Fraction {
  const [whole = '', places = ''] = decimal.split('.');
  return reduced(BigInt(whole + places), 10n ** BigInt(places.length));
}

const NOTHING: Fraction = { over: 0n, under: 1n };
const add = (a: Fraction, b: Fraction): Fraction =>
  reduced(a.over * b.under + b.over * a.under, a.under * b.under);
const negate = ({ over, under }: Fraction): Fraction => ({ over: -over, under });
const subtract = (a: Fraction, b: Fraction): Fraction => add(a, negate(b));
const multiply = (a: Fraction, b: Fraction): Fraction => reduced(a.over * b.over, a.under * b.under);
const divide = (a: Fraction, b: Fraction): Fraction => {
  const sign = b.over < 0n ? -1n : 1n;
  return reduced(sign * a.over * b.under, sign * a.under * b.over);
};
const compare = (a: Fraction, b: Fraction): number => {
  const difference = a.over * b.under - b.over * a.under;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** How far a decimal is from a fraction, in units of 10⁻¹⁸. */
export function distance(decimal: string, exact: Fraction): number {
  const { over, under } = subtract(fraction(decimal), exact);
  return Math.abs(Number((over * 10n ** 20n) / under)) / 100;
}

export interface OracleTrade {
  base: string;
  quote: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee: { amount: string; currency: string } | null;
  /** Base currency per unit of every asset then. */
  rates: Record<string, string>;
}

export type OracleMethod = 'average' | 'fifo' | 'lifo' | 'hifo';

interface Purchase {
  quantity: Fraction;
  unitCost: Fraction;
}

export class CostOracle {
  readonly #method: OracleMethod;
  readonly #currency: string;
  readonly #purchases = new Map<string, Purchase[]>();
  readonly #realised = new Map<string, Fraction>();
  cash = NOTHING;

  constructor(method: OracleMethod, currency: string) {
    this.#method = method;
    this.#currency = currency;
  }

  receive(asset: string, quantity: Fraction, cost: Fraction): void {
    if (asset === this.#currency) {
      this.cash = add(this.cash, quantity);
      return;
    }
    const list = this.#listOf(asset);
    list.push({ quantity, unitCost: divide(cost, quantity) });
    if (this.#method !== 'average') return;
    const pool = { quantity: this.quantity(asset), unitCost: divide(this.cost(asset), this.quantity(asset)) };
    list.splice(0, list.length, pool);
  }

  give(asset: string, quantity: Fraction, proceeds: Fraction): void {
    if (asset === this.#currency) {
      this.cash = subtract(this.cash, quantity);
      return;
    }
    const list = this.#listOf(asset);
    let wanted = quantity;
    let cost = NOTHING;
    while (wanted.over > 0n) {
      const next = this.#next(list);
      if (next === undefined) throw new RangeError(`the oracle is out of ${asset}`);
      const taken = compare(next.quantity, wanted) < 0 ? next.quantity : wanted;
      cost = add(cost, multiply(taken, next.unitCost));
      wanted = subtract(wanted, taken);
      next.quantity = subtract(next.quantity, taken);
      if (next.quantity.over === 0n) list.splice(list.indexOf(next), 1);
    }
    this.#realised.set(asset, add(this.realised(asset), subtract(proceeds, cost)));
  }

  trade({ base, quote, side, quantity, price, fee, rates }: OracleTrade): void {
    const rate = (asset: string): Fraction => fraction(rates[asset] ?? '1');
    const coins = fraction(quantity);
    const paid = multiply(coins, fraction(price));
    const value = multiply(paid, rate(quote));
    const charge = fee === null ? NOTHING : fraction(fee.amount);
    const inBase = fee?.currency === base ? charge : NOTHING;
    const inQuote = fee?.currency === quote ? charge : NOTHING;
    const third = fee !== null && inBase === NOTHING && inQuote === NOTHING ? fee.currency : null;
    const thirdValue = third === null ? NOTHING : multiply(charge, rate(third));
    const quoteFee = multiply(inQuote, rate(quote));
    if (third !== null) this.give(third, charge, thirdValue);
    if (side === 'buy') {
      this.give(quote, add(paid, inQuote), add(value, quoteFee));
      this.receive(base, subtract(coins, inBase), add(value, add(quoteFee, thirdValue)));
    } else {
      this.give(base, add(coins, inBase), subtract(value, add(quoteFee, thirdValue)));
      this.receive(quote, subtract(paid, inQuote), subtract(value, quoteFee));
    }
  }

  quantity(asset: string): Fraction {
    return this.#listOf(asset).reduce((sum, purchase) => add(sum, purchase.quantity), NOTHING);
  }

  cost(asset: string): Fraction {
    return this.#listOf(asset).reduce(
      (sum, { quantity, unitCost }) => add(sum, multiply(quantity, unitCost)),
      NOTHING,
    );
  }

  realised(asset: string): Fraction {
    return this.#realised.get(asset) ?? NOTHING;
  }

  /** Which is sold next: of those that are alike, the oldest. */
  #next(list: Purchase[]): Purchase | undefined {
    if (this.#method === 'lifo') return list.at(-1);
    if (this.#method !== 'hifo') return list[0];
    return list.reduce<Purchase | undefined>(
      (best, each) => (best === undefined || compare(each.unitCost, best.unitCost) > 0 ? each : best),
      undefined,
    );
  }

  #listOf(asset: string): Purchase[] {
    let list = this.#purchases.get(asset);
    if (list === undefined) this.#purchases.set(asset, (list = []));
    return list;
  }
}
