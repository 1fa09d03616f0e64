import { abs, decimal, type Fixed, mul, ZERO } from '../../money/money.ts';
import type { Move } from './format.ts';
import { amountOf } from './legs.ts';
import type { Pair } from './pair.ts';
import { isWithin, lastDigit, placesIn } from './precision.ts';
import type { Row } from './row.ts';

/** One percent: more than the fees that some sources include in a total. */
const LEAST_PART = 100n;

const size = (number: string): Fixed => abs(amountOf(number));

/** @param slack the difference that rounding and a fee may cause */
function isTotal(total: Fixed, product: Fixed, slack: Fixed): boolean {
  return abs(total - product) <= slack || isWithin(total, product, LEAST_PART);
}

/** Half a unit of the last digit, since prices are rounded. */
function priceSlack(price: string): Fixed {
  return lastDigit(placesIn(price)) / 2n;
}

/** A quantity without decimals is exact; others are rounded to their last digit. */
function quantitySlack(quantity: string): Fixed {
  return placesIn(quantity) === 0 ? ZERO : lastDigit(placesIn(quantity)) / 2n;
}

interface TotalTerms {
  /** Name of the total's column. */
  name?: string;
  /** In the quote currency; the total may include it. */
  fee?: Fixed;
}

/**
 * Checks that the total of a trade is price × quantity, if the row has all three. If it is not, the columns
 * were mistaken for others or the file is wrong.
 * @throws CellError that names the columns and both figures
 */
export function checkTotal(row: Row, { base, quote }: Pair, { name = 'total', fee = ZERO }: TotalTerms = {}) {
  if (!['quantity', 'price', name].every((column) => row.columns.has(column))) return;
  const quantity = row.amount('quantity', [base]).number;
  const price = row.amount('price', [quote]).number;
  const total = row.amount(name, [quote]).number;
  if (total === null || quantity === null || price === null) return;
  const [all, count, each] = [size(total), size(quantity), size(price)];
  const product = mul(count, each);
  const rounding = mul(count, priceSlack(price)) + mul(each, quantitySlack(quantity));
  if (isTotal(all, product, lastDigit(placesIn(total)) + rounding + abs(fee))) return;
  throw mismatch(row, { total: name, quantity: 'quantity', price: 'price' }, [all, product]);
}

/**
 * The same check for sources with one row per asset of a trade, each with its price.
 * @param legs one per row, without its fee
 * @throws CellError
 */
export function checkLegs(
  rows: readonly Row[],
  legs: readonly Move[],
  { base, quote }: Pair,
  amount: string,
): void {
  const [first] = rows;
  if (first?.columns.has('price') !== true) return;
  let [total, product, slack] = [ZERO, ZERO, ZERO];
  for (const [index, row] of rows.entries()) {
    const leg = legs[index];
    const price = row.numberOrNull('price');
    if (leg === undefined || price === null) return;
    const quantity = size(leg.amount);
    if (leg.asset === quote) {
      total += quantity;
      slack += lastDigit(placesIn(leg.amount));
    } else if (leg.asset === base) {
      product += mul(quantity, amountOf(price));
      slack += mul(quantity, priceSlack(price)) + mul(amountOf(price), quantitySlack(leg.amount));
    } else return;
  }
  // One side alone is not a trade.
  if (total === ZERO || product === ZERO || isTotal(total, product, slack)) return;
  throw mismatch(first, { total: amount, quantity: amount, price: 'price' }, [total, product]);
}

function mismatch(
  row: Row,
  columns: Record<'total' | 'quantity' | 'price', string>,
  [total, product]: [Fixed, Fixed],
): Error {
  const params = {
    total: decimal(total),
    product: decimal(product),
    quantity: row.columns.heading(columns.quantity),
    price: row.columns.heading(columns.price),
  };
  const detail = `is ${params.total}, but \`${params.quantity}\` × \`${params.price}\` is ${params.product}: correct what is wrong, or map the columns of the file`;
  return row.error(columns.total, 'total-mismatch', detail, params);
}
