import { z } from 'zod';
import { problem } from '../../lib/problem.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';

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

export const listSessions = endpoint({
  method: 'get',
  path: '/v1/streams/sessions',
  id: 'listStreamSessions',
  tag: 'streams',
  summary: 'The open streams of the caller; of everybody, for administrators',
  description:
    'Of all nodes, oldest first. `nextCursor` is the id of the last item. `silentNodes`: nodes that did not answer within a second, whose streams are missing.',
  access: 'read',
  query: z.strictObject({
    limit: field.limit,
    cursor: field.id.optional(),
  }),
  status: 200,
  response: field.listOf(session).extend({ silentNodes: z.int() }),
  async handler({ query, caller }, { streamRegistry }) {
    const { cursor = '', limit } = query;
    const userId = caller.scopes.includes('admin') ? null : caller.userId;
    const { streams, silent } = await streamRegistry.call({ userId, after: cursor, limit });
    const page = streams.slice(0, limit);
    return {
      items: page.map((stream) => ({ ...stream, openedAt: field.isoTime(stream.openedAt) })),
      nextCursor: streams.length > page.length ? (page.at(-1)?.id ?? null) : null,
      silentNodes: silent,
    };
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
  access: 'account',
  credential: 'person',
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
