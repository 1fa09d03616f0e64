import type { Feed, FeedSource } from '../../streams/market/market-feed.ts';

/** A feed in a test's hand, as it would be configured. */
export function feedSource(open: () => Feed, changes: Partial<FeedSource> = {}): FeedSource {
  return { name: 'hand', exchange: null, symbols: [], expectsTicks: true, open, ...changes };
}
