export type Transport = 'sse' | 'ndjson' | 'websocket';

/** How a connection began: `reset-<reason>` if any of its logs could not be resumed. */
export type StartOutcome = 'fresh' | 'resumed' | `reset-${string}`;

/**
 * What is told about the streams for monitoring. Called once a connection, a batch or a write, never once an event: it
 * must stay cheap.
 */
export interface StreamObserver {
  opened(transport: Transport): void;
  closed(transport: Transport, reason: string): void;
  started(outcome: StartOutcome): void;
  /** A batch from the broker. */
  received(log: string, events: number): void;
  /**
   * One flush: so many connections were written to, and so many events in all. `waitedMs`: from the publishing of its
   * oldest event; `null` when it holds none that was live.
   */
  flushed(writes: number, events: number, waitedMs: number | null): void;
  /** Frames that will not be written: a newer state took their place, or the reader was too slow. */
  dropped(reason: 'conflated' | 'slow-reader', frames: number): void;
}

export const UNOBSERVED: StreamObserver = {
  opened: () => undefined,
  closed: () => undefined,
  started: () => undefined,
  received: () => undefined,
  flushed: () => undefined,
  dropped: () => undefined,
};
