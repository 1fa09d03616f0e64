import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, mul } from '../../money/money.ts';
import type { AssetState } from '../ledger/asset-state.ts';
import { byAsset } from '../ledger/asset-state.ts';
import type { PortfolioTerms } from '../ledger/entry.ts';
import type { Totals } from '../ledger/totals.ts';
import { isCostless, ledgerTotals, totalsWith } from '../ledger/totals.ts';
import type { PriceSource, Quote, Rate, Route, SymbolIndex } from './valuation.ts';
import { pricedRoute, rateOfRoute, routesOf } from './valuation.ts';

/** The price used to value a holding. */
export interface Mark extends Rate {
  /** The portfolio's own last fill, used if there is no market price. */
  stale: boolean;
  /** One of the market prices it was derived from is not current. */
  isAged: boolean;
}

export interface MarkedHolding {
  state: AssetState;
  mark: Mark | null;
  /** Whether any symbols lead to the base currency at all. */
  quoted: boolean;
  /** `null` if something is held that has no mark. */
  value: Fixed | null;
}

/** Whether it has no price and nothing was paid for it: equity is then stated without it. */
export function isLeftOut({ state, value }: MarkedHolding): boolean {
  return value === null && isCostless(state);
}

export interface Marking {
  /** Every asset of the ledger, including closed ones and cash, sorted by name. */
  holdings: MarkedHolding[];
  totals: Totals;
}

/**
 * The only way in which anything here is valued: prepared once per version of the ledger, then called with the prices
 * of any instant.
 */
export function prepareMarking(
  states: Iterable<AssetState>,
  terms: PortfolioTerms,
  symbols: SymbolIndex,
): (prices: PriceSource) => Marking {
  const sorted = byAsset(states);
  const ledger = ledgerTotals(sorted, terms);
  const markers = sorted.map((state) => markerOf(state, terms, symbols));
  return (prices) => {
    const holdings: MarkedHolding[] = [];
    let marketValue: Fixed | null = ZERO;
    for (const marker of markers) {
      const marked = marker(prices);
      holdings.push(marked);
      if (marked.state.asset === terms.baseCurrency || isLeftOut(marked)) continue;
      marketValue = marketValue === null || marked.value === null ? null : marketValue + marked.value;
    }
    return { holdings, totals: totalsWith(ledger, marketValue) };
  };
}

/** Totals of a ledger at some prices. */
export function totalsAt(
  states: Iterable<AssetState>,
  terms: PortfolioTerms,
  prices: PriceSource,
  symbols: SymbolIndex,
): Totals {
  return prepareMarking(states, terms, symbols)(prices).totals;
}

function markerOf(
  state: AssetState,
  terms: PortfolioTerms,
  symbols: SymbolIndex,
): (prices: PriceSource) => MarkedHolding {
  if (state.asset === terms.baseCurrency) {
    const mark = { rate: ONE, time: null, path: [], stale: false, isAged: false };
    const cash = { state, mark, quoted: true, value: state.quantity };
    return () => cash;
  }
  const routes = routesOf(state.asset, terms.baseCurrency, symbols);
  const markAt = marketMarker(routes);
  const { lastFill, quantity } = state;
  const own: Mark | null =
    lastFill === null
      ? null
      : { rate: lastFill.price, time: lastFill.time, path: [lastFill.symbol], stale: true, isAged: false };
  const quoted =
    routes.length > 2 || symbols.get(state.asset)?.some(({ other }) => other === terms.baseCurrency) === true;
  let latest: MarkedHolding = { state, mark: null, quoted, value: quantity === ZERO ? ZERO : null };
  return (prices) => {
    const mark = markAt(prices) ?? own;
    if (mark === latest.mark) return latest;
    const worth = mark === null ? null : mul(quantity, mark.rate);
    latest = { state, mark, quoted, value: quantity === ZERO ? ZERO : worth };
    return latest;
  };
}

/**
 * The mark from market prices. While these do not change, it is the same object: most holdings have not moved since the
 * last call and need no new arithmetic.
 */
function marketMarker(routes: readonly Route[]): Marker {
  let marker = markers.get(routes);
  if (marker === undefined) markers.set(routes, (marker = newMarker(routes)));
  return marker;
}

type Marker = (prices: PriceSource) => Mark | null;

/** Portfolios that hold the same coin share its mark, so each rate is computed once. */
const markers = new WeakMap<readonly Route[], Marker>();

function newMarker(routes: readonly Route[]): Marker {
  let followed: Route | null = null;
  let seen: Quote[] = [];
  let latest: Mark | null = null;
  return (prices) => {
    // No route beats the first one, so there is nothing to search for while its prices exist.
    if (followed !== null && followed === routes[0] && areSame(followed, prices, seen)) return latest;
    const route = pricedRoute(routes, prices);
    if (route === null) return null;
    if (route === followed && areSame(route, prices, seen)) return latest;
    const rate = rateOfRoute(route, prices);
    followed = route;
    // Copies, because a source may reuse its objects for other contents.
    seen = route.flatMap(({ symbol }) => {
      const quote = prices(symbol);
      return quote === null ? [] : [{ price: quote.price, time: quote.time, isAged: quote.isAged === true }];
    });
    const isAged = seen.some((quote) => quote.isAged);
    latest = rate === null ? null : { ...rate, stale: false, isAged };
    return latest;
  };
}

function areSame(route: Route, prices: PriceSource, seen: readonly Quote[]): boolean {
  let hop = 0;
  for (const { symbol } of route) {
    const quote = prices(symbol);
    const before = seen[hop];
    if (quote === null || before === undefined) return false;
    if (quote.time !== before.time || quote.price !== before.price) return false;
    if ((quote.isAged === true) !== before.isAged) return false;
    hop += 1;
  }
  return true;
}
