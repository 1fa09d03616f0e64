import type { Feed, FeedSource } from '../market-feed.ts';
import type { FeedOptions } from './feed-type.ts';
import { feedLabel, type FeedSpec, feedTypeOf } from './feed-types.ts';
import { SymbolClaims } from './symbol-claims.ts';

/** The feeds that a node may run. */
export function feedSources(specs: readonly FeedSpec[], given: FeedOptions): FeedSource[] {
  const originOf = (spec: FeedSpec): Pick<FeedSource, 'exchange' | 'symbols'> =>
    feedTypeOf(spec).origin(spec);
  const live = specs.filter((spec) => 'symbols' in spec);
  const claims = new SymbolClaims(live.map((spec) => ({ name: feedLabel(spec), ...originOf(spec) })));
  const options = { ...given, claims };
  return specs
    .filter(({ kind }) => kind !== 'none')
    .map((spec) => ({
      name: feedLabel(spec),
      ...originOf(spec),
      expectsTicks: feedTypeOf(spec).expectsTicks,
      open: () => openFeed(spec, options),
    }));
}

/** A new feed that is not started yet. */
export function openFeed(spec: FeedSpec, options: FeedOptions): Feed {
  return feedTypeOf(spec).open(spec, options);
}
