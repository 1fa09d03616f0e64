import { type Signal, signal } from '@preact/signals';
import { type ClockFace, localClockFace } from '../figures/clock-face.ts';
import type { FeedState } from './feed-state.ts';

export type ConnectionState = FeedState | 'signed-out';

/** What the page says about its connection. */
export class Connection {
  readonly state: Signal<ConnectionState> = signal('connecting');
  /** How times are read: in the zone of the portfolio, or else in the reader's own. */
  readonly face: Signal<ClockFace> = signal(localClockFace());
  /** When the last event came, epoch milliseconds; `null`: none yet. */
  heardAt: number | null = null;
}
