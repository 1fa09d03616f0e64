import { ndjsonWire, type Wire } from '../core/wire.ts';

/**
 * WebSocket messages: one JSON object `{event, id?, data}` each, divided by line breaks until the connection sends each
 * as a message of its own.
 */
export const websocketWire: Wire = {
  ...ndjsonWire,
  name: 'websocket',
  retry: (ms) => `${JSON.stringify({ event: 'retry', data: { ms } })}\n`,
};
