import type { Feed, FeedState } from '../tick.ts';

/** No source of its own. `push`: ticks come in over REST. `none`: nothing is expected, though a push is still taken. */
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
