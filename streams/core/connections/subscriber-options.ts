import type { Clock } from '../../../lib/clock.ts';
import type { RepeatedLog } from '../../../lib/logging/repeated-log.ts';
import type { Slot } from '../../../lib/async/slots.ts';
import type { Broker } from '../broker.ts';
import type { Channel } from '../channel.ts';
import type { FlushScheduler } from '../../../lib/async/flush-scheduler.ts';
import type { Origin } from './origin.ts';
import type { EndReason, Sink } from '../sink.ts';
import type { StreamObserver } from '../stream-observer.ts';
import type { ToldTroubles, TroubleSource } from '../troubles.ts';
import type { Wire } from '../wire.ts';

/** What a connection asks for, and how to write to it. */
export interface SubscriberRequest {
  channels: readonly Channel[];
  /** `Last-Event-ID` as the client sent it; empty or null if it has none. */
  lastEventId: string | null;
  /** `full`: every retained event after the id. `latest`: of state channels only the newest state. */
  replay: 'full' | 'latest';
  /** The longest that it gathers events while it is busy, in milliseconds. Default: that of the hub. */
  flushMs?: number | null;
  /** Part of every id: proves later that its client was authorised. */
  seal?: string | null;
  wire: Wire;
  sink: Sink;
}

export interface SubscriberOptions extends SubscriberRequest {
  /** Bytes of undroppable events that may wait for a slow client. */
  queueBytes: number;
  /** How long the client should wait before it reconnects after this end, jittered, in milliseconds. */
  retryMs: (reason: EndReason) => number;
  broker: Broker;
  scheduler: FlushScheduler;
  clock: Clock;
  /** One outage ends many streams. */
  repeated: RepeatedLog;
  observer?: StreamObserver | undefined;
  /** Waits for a turn to read missed events. @throws NoSlotError */
  replaySlot: () => Promise<Slot>;
  /** Whether whatever keeps a channel up to date is failing, independently of its log. */
  isDelayed: (channel: string) => boolean;
  troubles?: TroubleSource | undefined;
  /** State of the previous subscriber of the connection. */
  before?: Released;
  onEnd: (reason: EndReason | 'closed' | 'replaced') => void;
}

/** How far a connection had come when its client changed its channels. */
export interface Released {
  /** By log. */
  origins: ReadonlyMap<string, Origin>;
  /** The id that the client came with, as long as it has not named any channels. */
  lastEventId: string | null;
  /** Channels whose state the client has. */
  known: ReadonlySet<string>;
  /** Troubles that the client was told of. */
  troubles: ToldTroubles;
  /** Counts of the connection so far. */
  sentEvents: number;
  conflated: number;
}
