import { z } from 'zod';
import type { Caller } from '../lib/caller.ts';
import { problem } from '../lib/problem.ts';
import type { OpenStream } from '../streams/hub.ts';
import { endpoint } from './endpoint.ts';
import * as field from './fields.ts';

const session = z
  .object({
    id: field.id,
    userId: z.union([field.id, z.null()]).meta({ description: '`null`: an anonymous reader.' }),
    transport: z.enum(['sse', 'ndjson', 'websocket']),
    channels: z.array(z.string()),
    openedAt: field.timestamp,
    ageMs: z.int(),
    queuedBytes: z.int().meta({ description: 'What waits for the reader.' }),
    sentEvents: z.int(),
    conflated: z.int().meta({ description: 'States that a newer one replaced before they were sent.' }),
    lag: z.int().meta({
      description: 'Events of its logs, of whatever channel, that the reader is behind: the most of any log.',
    }),
  })
  .meta({ id: 'StreamSession' });

function body(stream: OpenStream, now: number): z.input<typeof session> {
  const { id, owner, transport, openedAt, subscriber } = stream;
  return {
    id,
    userId: owner.userId,
    transport,
    channels: subscriber.channels.map(({ name }) => name),
    openedAt: field.isoTime(openedAt),
    ageMs: Math.max(0, now - openedAt),
    queuedBytes: subscriber.queuedBytes,
    sentEvents: stream.sentBefore + subscriber.sentEvents,
    conflated: stream.conflatedBefore + subscriber.conflated,
    lag: subscriber.lag,
  };
}

function mayEnd(caller: Caller, userId: string | null): boolean {
  return caller.scopes.includes('admin') || userId === caller.userId;
}

export const listSessions = endpoint({
  method: 'get',
  path: '/v1/streams/sessions',
  id: 'listStreamSessions',
  tag: 'streams',
  summary: 'The open streams of the caller; of everybody, for administrators',
  description:
    'Of the node that answers: in a fleet each node lists its own. Oldest first. `nextCursor` is the id of the last item.',
  access: 'read',
  query: z.strictObject({
    limit: field.limit,
    cursor: field.id.optional(),
  }),
  status: 200,
  response: field.listOf(session),
  handler({ query, caller }, { hub, clock }) {
    const now = clock.now();
    const { cursor = '', limit } = query;
    // Ids are made in the order of time.
    const streams = hub
      .streams()
      .filter(({ id, owner }) => id > cursor && mayEnd(caller, owner.userId))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const page = streams.slice(0, limit);
    return Promise.resolve({
      items: page.map((stream) => body(stream, now)),
      nextCursor: streams.length > page.length ? (page.at(-1)?.id ?? null) : null,
    });
  },
});

export const endSession = endpoint({
  method: 'delete',
  path: '/v1/streams/sessions/:id',
  id: 'endStreamSession',
  tag: 'streams',
  summary: 'End a stream, on whatever node it is',
  description:
    "The caller's own; anybody's, for administrators. Its client gets a notice `ended`; over SSE it would come back by itself unless it heeds that.",
  access: 'read',
  params: z.strictObject({ id: field.id }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { authority }) {
    const userId = caller.scopes.includes('admin') ? null : caller.userId;
    if (!(await authority.endStream(params.id, userId))) {
      throw problem('not-found', { detail: 'There is no such stream.' });
    }
  },
});
