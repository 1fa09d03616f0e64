import { EventBuffer } from 'better-sse';
import type { Frame } from './frame.ts';
import type { Transport } from './stream-observer.ts';

/** How frames look on a connection: SSE, NDJSON, WebSocket messages. Pure text, no I/O. */
export interface Wire {
  /** Also the key under which a frame remembers its text. */
  readonly name: Transport;
  frame(frame: Frame, id: string | null): string;
  /** An event of the connection itself: `ready`, `reset`, `notice`. */
  control(event: string, data: unknown, id: string | null): string;
  /** Keeps the connection alive; with an id it also moves the client's cursor past events it did not subscribe to. */
  heartbeat(id: string | null): string;
  /** How long the client should wait before it reconnects; empty where the format has no word for it. */
  retry(ms: number): string;
}

const asIs = (data: unknown): string => String(data);

function eventBuffer(event: string, data: string): EventBuffer {
  return new EventBuffer({ serializer: asIs, sanitizer: asIs }).event(event).data(data);
}

/** The lines before the id: the same for all connections. */
const sseLines = ({ event, data }: Frame): string => eventBuffer(event, data).read();

/**
 * `text/event-stream`. Names, ids and JSON text hold no line breaks, so nothing needs to be sanitised. The id is the last
 * line of its block: whoever has read it has the whole event, even a client that takes ids line by line.
 */
export const sseWire: Wire = {
  name: 'sse',
  frame: (frame, id) => frame.text('sse', sseLines) + (id === null ? '\n' : `id:${id}\n\n`),
  control(event, data, id) {
    const buffer = eventBuffer(event, JSON.stringify(data));
    if (id !== null) buffer.id(id);
    return buffer.dispatch().read();
  },
  // An `id:` without data dispatches nothing, but the browser remembers it.
  heartbeat: (id) => (id === null ? ':\n\n' : `:\nid: ${id}\n\n`),
  retry: (ms) => `retry: ${ms}\n\n`,
};

/** `application/x-ndjson`: one JSON object a line, for `curl | jq`. The id comes last, as above. */
export const ndjsonWire: Wire = {
  name: 'ndjson',
  frame: (frame, id) =>
    `{"event":"${frame.event}","data":${frame.data}${id === null ? '' : `,"id":"${id}"`}}\n`,
  control: (event, data, id) => `${JSON.stringify({ event, data, ...(id === null ? {} : { id }) })}\n`,
  heartbeat: (id) => `${JSON.stringify({ event: 'heartbeat', ...(id === null ? {} : { id }) })}\n`,
  retry: () => '',
};
