export type Transport = 'sse' | 'ndjson' | 'websocket';

/** How a connection began: `reset-<reason>` if any of its logs could not be resumed. */
export type StartOutcome = 'fresh' | 'resumed' | `reset-${string}`;

/**
 * Receives measurements of the streams. Called once per connection, batch or write, never per event, so that it
 * stays cheap.
 */
export interface StreamObserver {
  opened(transport: Transport): void;
  closed(transport: Transport, reason: string): void;
  started(outcome: StartOutcome): void;
  /** A batch from the broker. */
  received(log: string, events: number): void;
  /**
   * A flush wrote to this many connections, and this many events in all. `waitedMs`: since its oldest live event was
   * published; `null` if it has none.
   */
  flushed(writes: number, events: number, waitedMs: number | null): void;
  /** Frames that will not be written: a newer state took their place, or the reader was too slow. */
  dropped(reason: 'conflated' | 'slow-reader', frames: number): void;
}
