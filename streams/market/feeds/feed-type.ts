import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import { isSymbol } from '../../../lib/symbol.ts';
import type { Feed, FeedSource } from '../market-feed.ts';
import type { SymbolClaims } from './symbol-claims.ts';
import type { LastTrade } from './trade-tape.ts';

export interface FeedOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  /** `1`: as recorded; `max`: as fast as the market log takes it. */
  replaySpeed: number | 'max';
  /** Of the simulator; without one, each run differs. */
  seed?: number | undefined;
  /** The last known price as decimal text, from which the simulator continues. */
  lastPrice?: (symbol: string) => string | null;
  /** Pairs whose rate is needed, whatever the feeds were told to watch: `USD/KRW` values dollars in won. */
  needed?: () => Promise<readonly string[]>;
  /** Which feed brings the prices of which symbol. */
  claims?: SymbolClaims;
  /** The last known trade at an exchange, from which a live feed continues. */
  lastTrade?: (symbol: string, exchange: string) => LastTrade | null;
}

/** A kind of feed: how `MARKET_FEED` names it, and how it is opened. `S` is what its part of `MARKET_FEED` says. */
export interface FeedType<S extends { kind: string }> {
  readonly kind: S['kind'];
  /** For messages: its name alone, or `<kind>:<subject>?<parameters>`. */
  readonly syntax: string;
  /** Whether it can run beside other feeds. */
  readonly isCombinable: boolean;
  /** False where silence is no fault, as with pushed ticks. */
  readonly expectsTicks: boolean;
  /**
   * @param subject what stands between the colon and the parameters
   * @throws RangeError that says what is wrong
   */
  parse(subject: string, query: URLSearchParams): S;
  /** A short name without parameters, for labels. Default: the kind. */
  label?(spec: S): string;
  /** What it is to bring prices of, as far as that is known beforehand. */
  origin(spec: S): Pick<FeedSource, 'exchange' | 'symbols'>;
  /** A new feed that is not started yet. */
  open(spec: S, options: FeedOptions): Feed;
}

/** @throws RangeError if there is any other parameter */
export function onlyParameters(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name))
      throw new RangeError(`unknown parameter ${name}=; known are ${known.join(', ')}`);
  }
}

/** @throws RangeError if it is not a symbol */
export function symbolOf(text: string): string {
  if (!isSymbol(text)) throw new RangeError(`not a symbol: ${JSON.stringify(text.slice(0, 50))}`);
  return text;
}
