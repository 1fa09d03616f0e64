import type { Holding } from '../api.ts';
import { toDouble } from '../figures/number.ts';
import type { Params } from '../page/route.ts';

export interface HoldingFilter {
  /** Part of the name of an asset. */
  find: string;
  /** Hides holdings below a thousandth of the portfolio. */
  hidesSmall: boolean;
  /** Hides holdings without a price. */
  hidesUnpriced: boolean;
}

const SMALL = 0.001;

/** Reads the filter from the address. */
export function holdingFilterOf({ find = '', hide = '' }: Params): HoldingFilter {
  const hidden = hide.split(' ');
  return { find, hidesSmall: hidden.includes('small'), hidesUnpriced: hidden.includes('unpriced') };
}

/** Converts the filter for the address. */
export function holdingParams({ find, hidesSmall, hidesUnpriced }: HoldingFilter): Params {
  const hidden = [...(hidesSmall ? ['small'] : []), ...(hidesUnpriced ? ['unpriced'] : [])];
  return { find, hide: hidden.join(' ') };
}

/** The holdings that pass the filter. Small ones are recognised by the known values. */
export function shownOf(
  holdings: readonly Holding[],
  { find, hidesSmall, hidesUnpriced }: HoldingFilter,
): Holding[] {
  const sizes = holdings.map(({ marketValue }) => Math.abs(toDouble(marketValue) ?? 0));
  const least = sizes.reduce((sum, size) => sum + size, 0) * SMALL;
  const part = find.trim().toUpperCase();
  return holdings.filter(({ asset, marketValue }, index) => {
    if (!asset.toUpperCase().includes(part)) return false;
    return marketValue === null ? !hidesUnpriced : !(hidesSmall && (sizes[index] ?? 0) < least);
  });
}
