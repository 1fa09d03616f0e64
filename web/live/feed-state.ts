import { channelsOf, type Wanted } from './wanted-channels.ts';
import type { News } from './messages.ts';

/**
 * `reset`: starting over, not caught up yet. `stale`: the server reports a delay, or the leading tab does not
 * answer. `crowded`: the tabs show more portfolios than one stream can carry. `refused`: permanently, until
 * another portfolio is chosen. `silent`: caught up, but a feed delivers no prices. The figures are current
 * only in `live`.
 */
export type FeedState =
  'connecting' | 'live' | 'resuming' | 'reset' | 'stale' | 'silent' | 'crowded' | 'refused';

export type Status = Extract<News, { type: 'status' }>;

interface Tab {
  wanted: Wanted;
  /** It has the current state of everything. */
  isInformed: boolean;
  /** It has been live with these data. */
  wasLive: boolean;
  /** The leading tab has not answered it yet. */
  isDoubtful: boolean;
}

/** What a tab may claim about its figures. `null`: nothing is known about the stream yet. */
export function feedState(status: Status | null, tab: Tab): FeedState {
  const waiting = tab.wasLive ? 'resuming' : 'connecting';
  if (status === null || !tab.isInformed) return waiting;
  const { condition, crowded } = status;
  const { portfolioId, others } = tab.wanted;
  if (portfolioId !== null && crowded.includes(portfolioId)) return 'crowded';
  if (condition.refused !== '') return 'refused';
  // Totals that the stream has no room for are polled instead.
  const own = channelsOf({ portfolioId, others: others.filter((id) => !crowded.includes(id)) });
  if (own.some((name) => !condition.channels.includes(name) || condition.pending.includes(name))) {
    return condition.isReset ? 'reset' : waiting;
  }
  if (tab.isDoubtful || own.some((name) => condition.delayed.includes(name))) return 'stale';
  return condition.silent.length > 0 ? 'silent' : 'live';
}
