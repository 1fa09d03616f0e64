import { hash } from 'node:crypto';
import type { SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import type { Position } from '../core/broker.ts';
import type { Mark } from './known-tickers.ts';
import { type Market, type MarketView, NO_PRICES, type PresentPrices } from './market.ts';

/** A key for the list of symbols; no symbol has this name. */
const SYMBOLS = '*';
/** A value that differs every time. */
const MOMENT = '!';

/** The current version of something that a `MarketReading` has recorded. */
export function marketVersion(market: Market, name: string): string {
  if (name === MOMENT) return 'later';
  return name === SYMBOLS ? listVersion(market.index) : priceVersion(market.price(name));
}

/** Records what is read from the market, and its version: the inputs of a response. */
export class MarketReading implements MarketView, PresentPrices {
  readonly #market: Market;
  /** By name, as of the first read. */
  readonly seen: Record<string, string> = {};

  constructor(market: Market) {
    this.#market = market;
  }

  /** The response must not be cached: it lacks something that the next one may have. */
  spoil(): void {
    this.seen[MOMENT] = 'now';
  }

  of(simulated: boolean): PresentPrices {
    return simulated === this.#market.isSimulated ? this : NO_PRICES;
  }

  price(symbol: string): Mark | null {
    const mark = this.#market.price(symbol);
    this.seen[symbol] ??= priceVersion(mark);
    return mark;
  }

  get index(): SymbolIndex {
    const { index } = this.#market;
    this.seen[SYMBOLS] ??= listVersion(index);
    return index;
  }

  symbols(): string[] {
    this.seen[SYMBOLS] ??= listVersion(this.#market.index);
    return this.#market.symbols();
  }

  get position(): Position {
    return this.#market.position;
  }

  get updatedAt(): number {
    return this.#market.updatedAt;
  }
}

/** A mark never changes; it is replaced by another one. */
const prices = new WeakMap<Mark, string>();

function priceVersion(mark: Mark | null): string {
  if (mark === null) return '';
  let version = prices.get(mark);
  if (version === undefined)
    prices.set(mark, (version = `${mark.price} ${mark.time} ${mark.simulated} ${mark.isAged}`));
  return version;
}

const lists = new WeakMap<SymbolIndex, string>();

/** Equal on all nodes that know the same symbols. */
function listVersion(index: SymbolIndex): string {
  let version = lists.get(index);
  if (version === undefined) lists.set(index, (version = hash('sha256', namesOf(index), 'base64url')));
  return version;
}

function namesOf(index: SymbolIndex): string {
  const symbols = [...index.values()].flatMap((all) => all.map(({ symbol }) => symbol));
  return [...new Set(symbols)].sort().join(' ');
}
