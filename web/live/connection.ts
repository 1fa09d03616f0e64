import { type Signal, signal } from '@preact/signals';
import { type ClockFace, localClockFace } from '../figures/clock-face.ts';
import type { FeedState } from './feed-state.ts';
import type { Silence } from './messages.ts';

export type ConnectionState = FeedState | 'signed-out';

/** What the page shows about its connection. */
export class Connection {
  readonly state: Signal<ConnectionState> = signal('connecting');
  /** Feeds without prices; empty while all deliver. */
  readonly silent: Signal<readonly Silence[]> = signal([]);
  /** How times are shown: in the zone of the portfolio, or else in the reader's own. */
  readonly face: Signal<ClockFace> = signal(localClockFace());
  /** When the last event arrived, epoch milliseconds; `null` if none has. */
  heardAt: number | null = null;
}
