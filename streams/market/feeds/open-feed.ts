import type { Clock, Random } from '../../../lib/clock.ts';
import type { Logger } from '../../../lib/logging/log.ts';
import type { Feed, FeedSource } from '../market-feed.ts';
import { CcxtFeed } from './ccxt-feed.ts';
import type { LastTrade } from './trade-tape.ts';
import { feedLabel, type FeedSpec } from './feed-spec.ts';
import { pushFeed } from './push-feed.ts';
import { SymbolClaims } from './symbol-claims.ts';
import { ReplayFeed } from './replay-feed.ts';
import { SIMULATED_SYMBOLS } from './simulated-market.ts';
import { SimulatorFeed } from './simulator-feed.ts';

export interface FeedOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  /** `1`: as recorded; `max`: as fast as the market log takes it. */
  replaySpeed: number | 'max';
  /** Of the simulator; without it each run is another. */
  seed?: number | undefined;
  /** The last known price as decimal text, where the simulator goes on. */
  lastPrice?: (symbol: string) => string | null;
  /** Symbols that prices are needed of, whatever the feeds were told to watch. */
  needed?: () => Promise<readonly string[]>;
  /** Which feed brings the prices of which symbol. */
  claims?: SymbolClaims;
  /** The last trade of an exchange that is known, where a live feed goes on. */
  lastTrade?: (symbol: string, exchange: string) => LastTrade | null;
}

/** The feeds that a node may run. */
export function feedSources(specs: readonly FeedSpec[], given: FeedOptions): FeedSource[] {
  const feeds = specs.filter(({ kind }) => kind === 'ccxt');
  const claims = new SymbolClaims(feeds.map((spec) => ({ name: feedLabel(spec), ...originOf(spec) })));
  const options = { ...given, claims };
  return specs
    .filter(({ kind }) => kind !== 'none')
    .map((spec) => ({
      name: feedLabel(spec),
      ...originOf(spec),
      expectsTicks: spec.kind !== 'push',
      open: () => openFeed(spec, options),
    }));
}

function originOf(spec: FeedSpec): Pick<FeedSource, 'exchange' | 'symbols'> {
  switch (spec.kind) {
    case 'ccxt':
      return { exchange: spec.exchange, symbols: spec.symbols };
    case 'replay':
      return { exchange: spec.exchange, symbols: [spec.symbol] };
    case 'simulator':
      return { exchange: 'simulator', symbols: SIMULATED_SYMBOLS.map(({ symbol }) => symbol) };
    default:
      return { exchange: null, symbols: [] };
  }
}

/** A new, not yet started feed. */
export function openFeed(spec: FeedSpec, options: FeedOptions): Feed {
  switch (spec.kind) {
    case 'simulator':
      return new SimulatorFeed(options);
    case 'replay':
      return new ReplayFeed({ ...spec, ...options, speed: options.replaySpeed });
    case 'ccxt':
      return new CcxtFeed({ ...spec, ...options });
    default:
      return pushFeed(spec.kind);
  }
}
