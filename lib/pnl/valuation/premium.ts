import { type Fixed, mul, mulDiv, ONE, round, ZERO } from '../../money/money.ts';
import { RATIO_PLACES } from '../../money/ratio.ts';

const HUNDRED: Fixed = 100n * ONE;

/**
 * By how much a price exceeds one in another currency, in percent, negative if it is lower; `null` if that one
 * comes to nothing.
 * @param rate currency of `price` per unit of the currency of `abroad`
 */
export function premiumOf(price: Fixed, abroad: Fixed, rate: Fixed): Fixed | null {
  const compared = mul(abroad, rate);
  if (compared <= ZERO) return null;
  return round(mulDiv(price - compared, HUNDRED, compared), RATIO_PLACES);
}
