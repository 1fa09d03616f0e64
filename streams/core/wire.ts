import type { Frame } from './frame.ts';
import type { Transport } from './stream-observer.ts';

/** How frames look on a connection: SSE, NDJSON, WebSocket messages. Pure text, no I/O. */
export interface Wire {
  /** Also the key under which a frame caches its text. */
  readonly name: Transport;
  frame(frame: Frame, id: string | null): string;
  /** An event of the connection itself: `ready`, `reset`, `notice`. */
  control(event: string, data: unknown, id: string | null): string;
  /** Keeps the connection alive. With an id, it also moves the client's cursor past events of other channels. */
  heartbeat(id: string | null): string;
  /** How long the client should wait before it reconnects, in milliseconds. Empty if the format cannot say so. */
  retry(ms: number): string;
}
