import type { Notice } from '../api.ts';
import type { LiveEvent } from './events.ts';

/** How a stream is doing. */
export interface Condition {
  channels: readonly string[];
  /** Of these it is not known what has happened last. */
  pending: readonly string[];
  /** The server cannot reach their log. */
  delayed: readonly string[];
  /** Starting over: what was missed is lost. */
  isReset: boolean;
  /** Why there will be no stream; `''`: there is or will be one. */
  refused: string;
}

/** Which tab wants to see which portfolio, in the order in which they came. */
export type Wants = Map<string, string | null>;

export interface Want {
  type: 'want';
  tab: string;
  portfolioId: string | null;
}

/** What the leading tab tells. */
export type News =
  | { type: 'event'; event: LiveEvent }
  | { type: 'snapshot'; to: string; portfolioId: string | null; states: readonly LiveEvent[] }
  | { type: 'status'; condition: Condition; wants: Wants; crowded: readonly string[]; hidden: boolean }
  | { type: 'reset'; channels: readonly string[] }
  | { type: 'notice'; body: Notice }
  | { type: 'lost'; portfolioIds: readonly string[] };

/** With the leader's term, and how far the stream was: the next leader goes on from there. */
export type Told = News & { term: number; lastId: string | null };

/** What one tab tells another. */
export type Message = Want | { type: 'ask' } | Told;
