import type { Fixed } from '../../money/money.ts';
import { ZERO, mul, mulDiv } from '../../money/money.ts';
import { minus } from '../../money/unknown.ts';
import type { ConvertEntry, ConvertSource, PortfolioTerms } from './entry.ts';
import type { Fill, Leg } from './leg-kinds.ts';
import { acquire, assetStamp, cash, dispose } from './leg-kinds.ts';

/**
 * A conversion: each source is disposed of, and the target is got, at one and the same value. That is exact where base
 * currency is given or got; otherwise it is the market value of the target, or of the sources for want of that.
 */
export function convertLegs(entry: ConvertEntry, terms: PortfolioTerms): Leg[] {
  const { baseCurrency } = terms;
  const paid = entry.sources.filter(({ asset }) => asset === baseCurrency);
  const given = entry.sources.filter(({ asset }) => asset !== baseCurrency);
  const cashPaid = paid.reduce((sum, { quantity }) => sum + quantity, ZERO);
  const value = valueOf(entry, { baseCurrency, cashPaid, given });
  const shares = sharesOf(given, minus(value, cashPaid));
  const legs: Leg[] = given.map((source, index) => {
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

/** Where cash is not tracked, money that is part of it comes from outside or goes there. */
function broughtAlong(legs: Leg[], terms: PortfolioTerms, contribution: Fixed): Leg[] {
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

/** What each source brought, all together exactly `value`: by what was received for it, else by market value. */
function sharesOf(sources: readonly ConvertSource[], value: Fixed | null): (Fixed | null)[] {
  if (value === null) return sources.map(() => null);
  if (sources.length === 1) return [value];
  const weights = sources.map(({ received }) => received);
  const byMarket = sources.map(({ quantity, unitValue }) =>
    unitValue === null ? null : mul(quantity, unitValue),
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
