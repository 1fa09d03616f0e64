import type { Fixed } from '../../money/money.ts';
import { ZERO, mul, mulDiv } from '../../money/money.ts';
import { minus } from '../../money/unknown.ts';
import type { ConvertEntry, ConvertSource, PortfolioTerms } from './entry.ts';
import type { AcquireLeg, CashLeg, DisposeLeg, Fill, Leg } from './leg-kinds.ts';
import { acquire, assetStamp, cash, dispose } from './leg-kinds.ts';

/**
 * A conversion: every source is disposed of, and the target acquired, at the same value. That value is exact if the
 * base currency is one side; otherwise it is the market value of the target or, without one, of the sources.
 */
export function convertLegs(entry: ConvertEntry, terms: PortfolioTerms): Leg[] {
  const { baseCurrency } = terms;
  const paid = entry.sources.filter(({ asset }) => asset === baseCurrency);
  const given = entry.sources.filter(({ asset }) => asset !== baseCurrency);
  const cashPaid = paid.reduce((sum, { quantity }) => sum + quantity, ZERO);
  const value = valueOf(entry, { baseCurrency, cashPaid, given });
  const shares = sharesOf(given, minus(value, cashPaid));
  const legs: ConvertLeg[] = given.map((source, index) => {
    const share = shares[index] ?? null;
    return dispose(assetStamp(entry, source.asset), 'convert', source.quantity, { gross: share, net: share });
  });
  if (terms.cashMode === 'tracked') {
    for (const { asset, quantity } of paid) legs.push(cash(assetStamp(entry, asset), asset, -quantity));
  }
  const stamp = assetStamp(entry, entry.asset);
  if (entry.asset === baseCurrency) {
    if (terms.cashMode === 'tracked') legs.push(cash(stamp, baseCurrency, entry.quantity));
    return broughtAlong(legs, terms, -entry.quantity);
  }
  const fill = fillOf(entry, value, terms);
  legs.push(acquire(stamp, 'convert', entry.quantity, { cost: value, grossCost: value, fill }));
  return broughtAlong(legs, terms, cashPaid);
}

type ConvertLeg = AcquireLeg | DisposeLeg | CashLeg;

/** If cash is untracked, any money in the conversion comes from outside or goes there. */
function broughtAlong(legs: ConvertLeg[], terms: PortfolioTerms, contribution: Fixed): Leg[] {
  if (terms.cashMode === 'tracked' || contribution === ZERO) return legs;
  const [first, ...rest] = legs;
  return first === undefined ? legs : [{ ...first, contribution }, ...rest];
}

function valueOf(
  { asset, quantity, unitValue }: ConvertEntry,
  {
    baseCurrency,
    cashPaid,
    given,
  }: { baseCurrency: string; cashPaid: Fixed; given: readonly ConvertSource[] },
): Fixed | null {
  if (asset === baseCurrency) return quantity;
  if (given.length === 0) return cashPaid;
  const ofSources = marketValue(given);
  if (cashPaid > ZERO) return ofSources === null ? null : cashPaid + ofSources;
  return unitValue === null ? ofSources : mul(quantity, unitValue);
}

function marketValue(sources: readonly ConvertSource[]): Fixed | null {
  return sources.reduce<Fixed | null>(
    (sum, { quantity, unitValue }) =>
      sum === null || unitValue === null ? null : sum + mul(quantity, unitValue),
    ZERO,
  );
}

/**
 * The proceeds of each source, which add up to exactly `value`: by the amount received for it or, without one, by
 * market value.
 */
function sharesOf(sources: readonly ConvertSource[], value: Fixed | null): (Fixed | null)[] {
  if (value === null) return sources.map(() => null);
  if (sources.length === 1) return [value];
  const weights = sources.map(({ received }) => received);
  // Unrounded, so that the proportions are known even when every value rounds to zero.
  const byMarket = sources.map(({ quantity, unitValue }) =>
    unitValue === null ? null : quantity * unitValue,
  );
  const known = [weights, byMarket].map(allKnown).find((list) => list !== null && sumOf(list) > ZERO);
  if (known === undefined || known === null) return sources.map(() => null);
  const total = sumOf(known);
  let weighed = ZERO;
  let before = ZERO;
  return known.map((weight) => {
    weighed += weight;
    const upTo = mulDiv(value, weighed, total);
    const share = upTo - before;
    before = upTo;
    return share;
  });
}

function allKnown(weights: readonly (Fixed | null)[]): Fixed[] | null {
  const known = weights.filter((weight) => weight !== null);
  return known.length === weights.length ? known : null;
}

function sumOf(amounts: readonly Fixed[]): Fixed {
  return amounts.reduce((sum, amount) => sum + amount, ZERO);
}

function fillOf(
  { asset, quantity, time }: ConvertEntry,
  value: Fixed | null,
  terms: PortfolioTerms,
): Fill | null {
  if (value === null || quantity <= ZERO) return null;
  return {
    symbol: `${asset}/${terms.baseCurrency}`,
    price: mulDiv(value, 10n ** 18n, quantity),
    time,
  };
}
