import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, div, mul } from '../../money/money.ts';
import { splitSymbol } from '../../symbol.ts';

/** A price, quote per base, and its time in epoch milliseconds. */
export interface Quote {
  price: Fixed;
  time: number;
  /** It is the last known price, but not current. */
  isAged?: boolean;
}

/** The last known price of a symbol at some instant; `null` if there is none. */
export type PriceSource = (symbol: string) => Quote | null;

interface Neighbour {
  symbol: string;
  /** The asset on the other side. */
  other: string;
  inverse: boolean;
}

/** The available symbols, indexed by each of their two assets: the way from one asset to another. */
export type SymbolIndex = ReadonlyMap<string, readonly Neighbour[]>;

/** One symbol on a route; `inverse`: it is used from quote to base. */
export interface Hop {
  symbol: string;
  inverse: boolean;
}

/** A route for valuing one asset in another: direct, or through one asset in between. */
export type Route = readonly Hop[];

export interface Rate {
  /** Base currency per unit. */
  rate: Fixed;
  /** The time of the oldest price used, epoch milliseconds; `null` if no price was needed. */
  time: number | null;
  /** The symbols used, in order. */
  path: string[];
}

/** @throws RangeError for text that is not a symbol */
export function indexSymbols(symbols: Iterable<string>): SymbolIndex {
  const index = new Map<string, Neighbour[]>();
  const add = (asset: string, neighbour: Neighbour): void => {
    const list = index.get(asset);
    if (list === undefined) index.set(asset, [neighbour]);
    else list.push(neighbour);
  };
  for (const symbol of new Set(symbols)) {
    const { base, quote } = splitSymbol(symbol);
    add(base, { symbol, other: quote, inverse: false });
    add(quote, { symbol, other: base, inverse: true });
  }
  return index;
}

/**
 * Every route from an asset to the base currency over at most two symbols, best first: direct (`A/KRW`), inverse
 * (`KRW/A`), then through one asset, sorted by that asset's name so that every node takes the same route. A direct
 * route that the index does not have comes last: if there is a price for it after all, it may be used.
 */
export function routesOf(asset: string, baseCurrency: string, symbols: SymbolIndex): readonly Route[] {
  let known = routesKnown.get(symbols);
  if (known === undefined || known.size >= ROUTES_LIMIT) routesKnown.set(symbols, (known = new Map()));
  const way = `${asset}/${baseCurrency}`;
  let routes = known.get(way);
  if (routes === undefined) known.set(way, (routes = findRoutes(asset, baseCurrency, symbols)));
  return routes;
}

/** An index never changes, and many portfolios ask for the same routes. */
const routesKnown = new WeakMap<SymbolIndex, Map<string, readonly Route[]>>();
const ROUTES_LIMIT = 20_000;

function findRoutes(asset: string, baseCurrency: string, symbols: SymbolIndex): Route[] {
  if (asset === baseCurrency) return [[]];
  const straight: Route[] = [
    [{ symbol: `${asset}/${baseCurrency}`, inverse: false }],
    [{ symbol: `${baseCurrency}/${asset}`, inverse: true }],
  ];
  const isListed = (route: Route): boolean =>
    symbols.get(asset)?.some(({ symbol }) => symbol === route[0]?.symbol) ?? false;
  const routes = straight.filter(isListed);
  const onward = onwardTo(baseCurrency, symbols);
  const through = (symbols.get(asset) ?? [])
    .filter(({ other }) => other !== baseCurrency && onward.has(other))
    .sort((a, b) => compareText(a.other, b.other) || Number(a.inverse) - Number(b.inverse));
  for (const { symbol, other, inverse } of through) {
    for (const hop of onward.get(other) ?? []) routes.push([{ symbol, inverse }, hop]);
  }
  return [...routes, ...straight.filter((route) => !isListed(route))];
}

/** Hops that arrive at the base currency, by the asset they come from; the direct one of two first. */
function onwardTo(baseCurrency: string, symbols: SymbolIndex): ReadonlyMap<string, readonly Hop[]> {
  let known = onwardKnown.get(symbols);
  if (known === undefined || known.size >= CURRENCIES_LIMIT) onwardKnown.set(symbols, (known = new Map()));
  let onward = known.get(baseCurrency);
  if (onward !== undefined) return onward;
  onward = new Map<string, Hop[]>();
  for (const { symbol, other, inverse } of symbols.get(baseCurrency) ?? []) {
    // Seen from the base currency, the hop that arrives there goes the other way.
    const hop = { symbol, inverse: !inverse };
    const hops = onward.get(other);
    if (hops === undefined) onward.set(other, [hop]);
    else if (hop.inverse) hops.push(hop);
    else hops.unshift(hop);
  }
  known.set(baseCurrency, onward);
  return onward;
}

/** Built once: otherwise each of thousands of assets would scan all symbols of the base currency. */
const onwardKnown = new WeakMap<SymbolIndex, Map<string, Map<string, Hop[]>>>();
const CURRENCIES_LIMIT = 1_000;

/** The first route that has all its prices. */
export function pricedRoute(routes: readonly Route[], prices: PriceSource): Route | null {
  for (const route of routes) if (route.every((hop) => isPriced(hop, prices))) return route;
  return null;
}

function isPriced({ symbol, inverse }: Hop, prices: PriceSource): boolean {
  const quote = prices(symbol);
  return quote !== null && (inverse ? quote.price > ZERO : quote.price >= ZERO);
}

/** The rate along a route; `null` if one of its prices is missing. */
export function rateOfRoute(route: Route, prices: PriceSource): Rate | null {
  let rate = ONE;
  let time: number | null = null;
  for (const { symbol, inverse } of route) {
    const quote = prices(symbol);
    if (quote === null) return null;
    if (inverse) rate = div(rate, quote.price);
    else rate = time === null ? quote.price : mul(rate, quote.price);
    time = time === null ? quote.time : Math.min(time, quote.time);
  }
  return { rate, time, path: route.map(({ symbol }) => symbol) };
}

/** The rate along the first route that has all its prices; `null` if none has. */
export function rateAlong(routes: readonly Route[], prices: PriceSource): Rate | null {
  const route = pricedRoute(routes, prices);
  return route === null ? null : rateOfRoute(route, prices);
}

/** Base currency per unit of an asset at the given prices; `null` if no route has all its prices. */
export function rateOf(
  asset: string,
  baseCurrency: string,
  prices: PriceSource,
  symbols: SymbolIndex,
): Rate | null {
  return rateAlong(routesOf(asset, baseCurrency, symbols), prices);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
