import type { Notice } from '../api.ts';
import type { Wanted } from './wanted-channels.ts';
import type { LiveEvent } from './events.ts';

/** A feed without prices. `since` is ISO text. */
export interface Silence {
  feed: string;
  since: string;
}

/** The condition of a stream. */
export interface Condition {
  channels: readonly string[];
  /** Channels whose latest events are not known. */
  pending: readonly string[];
  /** Channels whose log the server cannot reach. */
  delayed: readonly string[];
  /** Feeds without prices, and since when. */
  silent: readonly Silence[];
  /** Starting over: missed events are lost. */
  isReset: boolean;
  /** Why there will be no stream; `''` unless it was refused. */
  refused: string;
}

/** What each tab shows, in the order they asked. */
export type Wants = Map<string, Wanted>;

export interface Want {
  type: 'want';
  tab: string;
  wanted: Wanted;
}

/** News from the leading tab. */
export type News =
  | { type: 'event'; event: LiveEvent }
  | { type: 'snapshot'; to: string; wanted: Wanted; states: readonly LiveEvent[] }
  | { type: 'status'; condition: Condition; wants: Wants; crowded: readonly string[]; hidden: boolean }
  | { type: 'reset'; channels: readonly string[] }
  | { type: 'notice'; body: Notice }
  | { type: 'lost'; portfolioIds: readonly string[] };

/** With the leader's term and the stream's cursor, from which the next leader continues. */
export type Told = News & { term: number; lastId: string | null };

/** A message between tabs. */
export type Message = Want | { type: 'ask' } | Told;
