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

function sse(event: string, data: string, id: string | null): string {
  const buffer = new EventBuffer({ serializer: asIs, sanitizer: asIs }).event(event);
  if (id !== null) buffer.id(id);
  return buffer.data(data).dispatch().read();
}

/** What follows the id: the same for all. */
const sseData = ({ data }: Frame): string =>
  new EventBuffer({ serializer: asIs, sanitizer: asIs }).data(data).dispatch().read();

/** `text/event-stream`. Names, ids and JSON text hold no line breaks, so nothing needs to be sanitised. */
export const sseWire: Wire = {
  name: 'sse',
  frame: (frame, id) =>
    `event:${frame.event}\n${id === null ? '' : `id:${id}\n`}${frame.text('sse', sseData)}`,
  control: (event, data, id) => sse(event, JSON.stringify(data), id),
  // An `id:` without data dispatches nothing, but the browser remembers it.
  heartbeat: (id) => (id === null ? ':\n\n' : `:\nid: ${id}\n\n`),
  retry: (ms) => `retry: ${ms}\n\n`,
};

/** `application/x-ndjson`: one JSON object a line, for `curl | jq`. */
export const ndjsonWire: Wire = {
  name: 'ndjson',
  frame: (frame, id) =>
    `{"event":"${frame.event}",${id === null ? '' : `"id":"${id}",`}"data":${frame.data}}\n`,
  control: (event, data, id) => `${JSON.stringify({ event, ...(id === null ? {} : { id }), data })}\n`,
  heartbeat: (id) => `${JSON.stringify({ event: 'heartbeat', ...(id === null ? {} : { id }) })}\n`,
  retry: () => '',
};
