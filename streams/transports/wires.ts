import { EventBuffer } from 'better-sse';
import type { Frame } from '../core/frame.ts';
import type { Wire } from '../core/wire.ts';

const asIs = (data: unknown): string => String(data);

/**
 * `text/event-stream`, all of it written by better-sse. Names, ids and JSON text contain no line breaks, so nothing
 * needs to be sanitised. The id is the last line of its block: a client that has read it has the whole event, even one
 * that takes ids line by line.
 */
function serverSentEvents(): Wire {
  // One buffer for all: making one takes longer than writing a line.
  const buffer = new EventBuffer({ serializer: asIs, sanitizer: asIs });
  const read = (written: EventBuffer): string => {
    const text = written.read();
    written.clear();
    return text;
  };
  const finish = (written: EventBuffer, id: string | null): string =>
    read((id === null ? written : written.id(id)).dispatch());
  /** The lines before the id, which are the same for all connections. */
  const lines = ({ event, data }: Frame): string => read(buffer.event(event).data(data));
  return {
    name: 'sse',
    frame: (frame, id) => frame.text('sse', lines) + finish(buffer, id),
    control: (event, data, id) => finish(buffer.event(event).data(JSON.stringify(data)), id),
    // An `id:` without data dispatches no event, but the browser remembers it.
    heartbeat: (id) => finish(buffer.comment(), id),
    retry: (ms) => finish(buffer.retry(ms), null),
  };
}

export const sseWire: Wire = serverSentEvents();

/** `application/x-ndjson`: one JSON object per line, for `curl | jq`. The id comes last here too. */
export const ndjsonWire: Wire = {
  name: 'ndjson',
  frame: (frame, id) =>
    `{"event":"${frame.event}","data":${frame.data}${id === null ? '' : `,"id":"${id}"`}}\n`,
  control: (event, data, id) => `${JSON.stringify({ event, data, ...(id === null ? {} : { id }) })}\n`,
  heartbeat: (id) => `${JSON.stringify({ event: 'heartbeat', ...(id === null ? {} : { id }) })}\n`,
  retry: () => '',
};

/** WebSocket messages: the same objects. The connection splits the text at its line breaks, one message per line. */
export const websocketWire: Wire = {
  ...ndjsonWire,
  name: 'websocket',
  retry: (ms) => `${JSON.stringify({ event: 'retry', data: { ms } })}\n`,
};
