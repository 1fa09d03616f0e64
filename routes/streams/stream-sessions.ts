import { z } from 'zod';
import { problem } from '../../lib/problem.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';

const session = z
  .object({
    id: field.id.describe('Id of the stream.'),
    userId: z.union([field.id, z.null()]).describe('The user who opened it; `null`: an anonymous reader.'),
    transport: z.enum(['sse', 'ndjson', 'websocket']).describe('How its events are sent.'),
    channels: z.array(z.string()).describe('Names of its channels.'),
    openedAt: field.timestamp.describe('When it was opened.'),
    ageMs: z.int().describe('Milliseconds since it was opened.'),
    queuedBytes: z.int().describe('Bytes waiting for the reader.'),
    sentEvents: z.int().describe('Events sent so far.'),
    conflated: z.int().describe('States that were replaced by newer ones before they were sent.'),
    lag: z.int().describe('How many events the reader is behind, in the log where that is most.'),
  })
  .meta({ id: 'StreamSession', description: 'An open stream.' });

export const listSessions = endpoint({
  method: 'get',
  path: '/v1/streams/sessions',
  id: 'listStreamSessions',
  tag: 'streams',
  summary: "The caller's open streams, or everyone's for administrators",
  description: 'The streams of all nodes, oldest first.',
  access: 'read',
  query: z.strictObject({
    limit: field.limit,
    cursor: field.id.optional().describe(field.CURSOR),
  }),
  status: 200,
  response: field
    .listOf(session)
    .extend({
      silentNodes: z.int().describe('Nodes that did not answer within a second: their streams are missing.'),
    })
    .meta({ id: 'StreamSessionList', description: 'One page of the open streams, oldest first.' }),
  async handler({ query, caller }, { streamRegistry }) {
    const { cursor = '', limit } = query;
    const userId = caller.scopes.includes('admin') ? null : caller.userId;
    const { streams, silent } = await streamRegistry.list({ userId, after: cursor, limit });
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
  summary: 'End a stream on any node',
  description:
    "One of the caller's own; administrators may use anyone's. Its client gets a notice `ended`. An `EventSource` reconnects by itself unless the page closes it on that notice.",
  access: 'account',
  credential: 'person',
  params: z.strictObject({ id: field.id.describe('Id of the stream.') }),
  status: 204,
  response: null,
  problems: ['not-found'],
  async handler({ params, caller }, { streamRegistry }) {
    const userId = caller.scopes.includes('admin') ? null : caller.userId;
    const outcome = await streamRegistry.end(params.id, userId);
    if (outcome === 'not-found') throw problem('not-found', { detail: 'There is no such stream.' });
    if (outcome === 'unknown')
      throw problem('unavailable', {
        detail: 'Not all nodes have answered, so the stream may still be open. Try again.',
      });
  },
});
