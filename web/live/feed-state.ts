import { channelsOf } from './channels.ts';
import type { News } from './messages.ts';

/**
 * `reset`: starting over, not in step yet. `stale`: the server says that it is held up, or the leading tab does not answer.
 * `crowded`: the tabs show more portfolios than one stream can carry. `refused`: for good, until another portfolio is
 * chosen. Only in `live` are the figures current.
 */
export type FeedState = 'connecting' | 'live' | 'resuming' | 'reset' | 'stale' | 'crowded' | 'refused';

export type Status = Extract<News, { type: 'status' }>;

interface Tab {
  portfolioId: string | null;
  /** It knows all states as of now. */
  isInformed: boolean;
  /** It has been live with this portfolio. */
  wasLive: boolean;
  /** The leading tab owes it an answer. */
  isDoubtful: boolean;
}

/** What a tab may show about its figures. `null`: nothing is known of the stream yet. */
export function feedState(status: Status | null, tab: Tab): FeedState {
  const waiting = tab.wasLive ? 'resuming' : 'connecting';
  if (status === null || !tab.isInformed) return waiting;
  const { condition, crowded } = status;
  if (tab.portfolioId !== null && crowded.includes(tab.portfolioId)) return 'crowded';
  if (condition.refused !== '') return 'refused';
  const own = channelsOf(tab.portfolioId);
  if (own.some((name) => !condition.channels.includes(name) || condition.pending.includes(name))) {
    return condition.isReset ? 'reset' : waiting;
  }
  return tab.isDoubtful || own.some((name) => condition.delayed.includes(name)) ? 'stale' : 'live';
}
