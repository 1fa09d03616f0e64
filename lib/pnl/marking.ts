import type { Fixed } from '../money.ts';
import { ONE, ZERO, mul } from '../money.ts';
import type { AssetState } from './asset-state.ts';
import type { PortfolioTerms } from './entry.ts';
import type { Totals } from './totals.ts';
import { ledgerTotals, totalsWith } from './totals.ts';
import type { PriceSource, Rate, Route, SymbolIndex } from './valuation.ts';
import { rateAlong, routesOf } from './valuation.ts';

/** What a holding is valued with. */
export interface Mark extends Rate {
  /** The portfolio's own last fill, for want of any market price. */
  stale: boolean;
}

export interface MarkedHolding {
  state: AssetState;
  mark: Mark | null;
  /** Whether there are symbols that lead to the base currency at all. */
  quoted: boolean;
  /** `null` when something is held that has no mark. */
  value: Fixed | null;
}

export interface Marking {
  /** Every asset of the ledger, closed ones and cash included, by name. */
  holdings: MarkedHolding[];
  totals: Totals;
}

/**
 * The one way in which anything here is valued: prepared once for a version of the ledger, then called with the
 * prices of any instant.
 */
export function prepareMarking(
  states: Iterable<AssetState>,
  terms: PortfolioTerms,
  symbols: SymbolIndex,
): (prices: PriceSource) => Marking {
  const sorted = [...states].sort((a, b) => (a.asset < b.asset ? -1 : 1));
  const ledger = ledgerTotals(sorted, terms);
  const markers = sorted.map((state) => markerOf(state, terms, symbols));
  return (prices) => {
    const holdings: MarkedHolding[] = [];
    let marketValue: Fixed | null = ZERO;
    for (const marker of markers) {
      const marked = marker(prices);
      holdings.push(marked);
      if (marked.state.asset === terms.baseCurrency) continue;
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
    const mark = { rate: ONE, time: null, path: [], stale: false };
    const cash = { state, mark, quoted: true, value: state.quantity };
    return () => cash;
  }
  const routes = routesOf(state.asset, terms.baseCurrency, symbols);
  const { lastFill, quantity } = state;
  const quoted = routes.some((route) => route.every(({ symbol }) => isListed(symbol, state.asset, terms, symbols)));
  const routes = routesOf(state.asset, terms.baseCurrency, symbols);
  const { lastFill, quantity } = state;
  const ownMark: Mark | null =
    lastFill === null
      ? null
      : { rate: lastFill.price, time: lastFill.time, path: [lastFill.symbol], stale: true };
  const quoted =
    routes.length > 2 || symbols.get(state.asset)?.some(({ other }) => other === terms.baseCurrency) === true;
  let latest: MarkedHolding = { state, mark: null, quoted, value: null };
  return (prices) => {
    const mark = marketMark(routes, prices) ?? ownMark;
    const old = latest.mark;
    // Most holdings have not moved since the last time: the product is what costs.
    if (mark !== null && old !== null && mark.rate === old.rate) {
      latest = { state, mark, quoted, value: latest.value };
    } else {
      const worth = mark === null ? null : mul(quantity, mark.rate);
      latest = { state, mark, quoted, value: quantity === ZERO ? ZERO : worth };
    }
    return latest;
  };
}

function marketMark(routes: readonly Route[], prices: PriceSource): Mark | null {
  const rate = rateAlong(routes, prices);
  return rate === null ? null : { ...rate, stale: false };
}
