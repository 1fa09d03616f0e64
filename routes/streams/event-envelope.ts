import { z } from 'zod';

export const id = z.string().max(128).optional().meta({
  description:
    'Send it as `Last-Event-ID` to resume after this event. If an event has none, the last one received counts.',
  example: 'Zk3_.o5Kk3Jx_BnL',
});

export const named = <E extends string>(event: E) => z.literal(event).describe('Name of the event.');

/** One event as the transports write it: a line of NDJSON, a WebSocket message, or the fields of an SSE event. */
export function eventOf<E extends string, D extends z.ZodType>(event: E, data: D, name: string) {
  return z
    .object({ event: named(event), data, id })
    .meta({ id: `${name}Event`, description: `An event \`${event}\` and its data.` });
}
