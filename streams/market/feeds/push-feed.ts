import type { FeedState } from '../../channels/record.ts';
import type { Feed } from '../market-feed.ts';

/** A feed without a source. `push`: ticks come in over REST. `none`: none are expected, but a push is still accepted. */
export function pushFeed(name: 'push' | 'none'): Feed {
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
