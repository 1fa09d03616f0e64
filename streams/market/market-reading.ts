import { hash } from 'node:crypto';
import type { SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import type { Position } from '../core/broker.ts';
import type { Mark } from './known-tickers.ts';
import type { Market, MarketView } from './market.ts';

/** What stands for the list of symbols; no symbol is called so. */
const SYMBOLS = '*';
/** Stands for what is another each time. */
const MOMENT = '!';

/** The present version of something that a `MarketReading` has taken down. */
export function marketVersion(market: MarketView, name: string): string {
  if (name === MOMENT) return 'later';
  return name === SYMBOLS ? listVersion(market.index) : priceVersion(market.price(name));
}

/** Takes down what is read of the market, and how it stood then: what an answer was made of. */
export class MarketReading implements MarketView {
  readonly #market: Market;
  /** By name, as of the first look at it. */
  readonly seen: Record<string, string> = {};

  constructor(market: Market) {
    this.#market = market;
  }

  /** What is being made is not to be kept: it lacks something that the next may have. */
  spoil(): void {
    this.seen[MOMENT] = 'now';
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

/** A mark is never changed, only followed by another. */
const prices = new WeakMap<Mark, string>();

function priceVersion(mark: Mark | null): string {
  if (mark === null) return '';
  let version = prices.get(mark);
  if (version === undefined) prices.set(mark, (version = `${mark.price} ${mark.time} ${mark.simulated}`));
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
