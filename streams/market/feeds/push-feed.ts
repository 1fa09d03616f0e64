import type { FeedState } from '../../channels/record.ts';
import type { Feed } from '../market-feed.ts';
import type { FeedType } from './feed-type.ts';

/** Ticks come in over REST. */
export const push = sourceless('push', { isCombinable: true });
/** No ticks are expected, but a push is still accepted. */
export const none = sourceless('none', { isCombinable: false });

function sourceless<K extends 'push' | 'none'>(
  kind: K,
  { isCombinable }: { isCombinable: boolean },
): FeedType<{ kind: K }> {
  return {
    kind,
    syntax: kind,
    isCombinable,
    expectsTicks: kind !== 'push',
    parse: () => ({ kind }),
    origin: () => ({ exchange: null, symbols: [] }),
    open: () => pushFeed(kind),
  };
}

function pushFeed(name: 'push' | 'none'): Feed {
  let state: FeedState = 'starting';
  return {
    start() {
      state = name === 'push' ? 'running' : 'ended';
    },
    status: () => ({
      feed: name,
      state,
      detail: name === 'push' ? 'ticks come in over POST /v1/market/ticks' : 'no feed is configured',
      lastTickAt: null,
      ticks: 0,
    }),
    async close() {
      state = 'ended';
    },
  };
}
