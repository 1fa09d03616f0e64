import { z } from 'zod';
import { END_REASONS } from '../../streams/core/sink.ts';
import * as field from '../../lib/schemas/fields.ts';
import { problemSchema } from '../http/problem-body.ts';
import { CHANNEL_EVENTS, GAP_EVENT } from './channel-events.ts';
import { eventOf, id, named } from './event-envelope.ts';

/** The events of a stream as a whole: those of its channels and its own. */

const names = z
  .array(z.string())
  .meta({ description: 'Names of the channels concerned.', example: ['ticker:BTC/KRW'] });
const ref = z
  .union([z.string(), z.int()])
  .optional()
  .describe('The `ref` of the message that this answers; omitted if that had none.');

const ready = z
  .object({ channels: names })
  .meta({ id: 'Ready', description: 'These channels have caught up: what follows on them is live.' });

const reset = z
  .object({
    reason: z.enum(['garbled', 'foreign', 'epoch', 'expired']).meta({
      description:
        '`garbled`: the id cannot be read. `foreign`: it does not cover the log of these channels, or is ahead of it. `epoch`: the log has started over. `expired`: the log does not reach that far back.',
    }),
    channels: names,
  })
  .meta({
    id: 'Reset',
    description:
      'Some events of these channels since the id are lost. Their current state follows, then `ready`.',
  });

const notice = z
  .object({
    code: z.enum(['delayed', 'restored', 'feed-silent', 'feed-live', ...END_REASONS]).meta({
      description:
        '`delayed`: the stream may be out of date. `restored`: it is up to date again. `feed-silent`: the feed of these channels delivers no prices; also sent to streams that begin in the meantime. `feed-live`: it delivers prices again. All others say why the stream ends. `rate-limited` and `unavailable` also say why it did not begin, to clients that accept nothing but an event stream, such as an `EventSource`, which would stop reconnecting after an error status.',
    }),
    detail: z.string().describe('The same as a sentence, for people; the wording may change.'),
    channels: names.optional().describe('Names of the channels concerned; all of them if omitted.'),
    feed: z
      .string()
      .optional()
      .describe('The feed that a `feed-…` notice is about, as in `feeds` of `GET /readyz`; else omitted.'),
    since: field.timestamp
      .optional()
      .describe(
        'When the feed delivered its last price, or the first one after the silence; only in a `feed-…` notice.',
      ),
  })
  .meta({ id: 'Notice', description: 'What a client should know about the stream itself.' });

/** What a stream says about itself. */
export const CONTROL_EVENTS = {
  ready: eventOf('ready', ready, 'Ready'),
  reset: eventOf('reset', reset, 'Reset'),
  notice: eventOf('notice', notice, 'Notice'),
};

/** For transports that have no comments, unlike SSE. */
export const heartbeat = z
  .object({ event: named('heartbeat'), id })
  .meta({ id: 'Heartbeat', description: 'Sent while nothing else happens; the id may have advanced.' });

const openChannels = names.describe('Names of all channels that are open now.');
const answer = z.object({ channels: openChannels, ref }).describe('The channels that are open now.');

/** Events that only a WebSocket sends. */
export const SOCKET_EVENTS = {
  welcome: z
    .object({
      event: named('welcome'),
      data: z
        .object({
          id: field.id.describe('Id of the stream, as in `GET /v1/streams/sessions`.'),
          channels: openChannels,
        })
        .describe('The stream that was opened.'),
    })
    .meta({ id: 'Welcome', description: 'The first message of every connection.' }),
  subscribed: z
    .object({ event: named('subscribed'), data: answer })
    .meta({ id: 'Subscribed', description: 'The answer to `subscribe`.' }),
  unsubscribed: z
    .object({ event: named('unsubscribed'), data: answer })
    .meta({ id: 'Unsubscribed', description: 'The answer to `unsubscribe`.' }),
  pong: z
    .object({ event: named('pong'), data: z.object({ ref }).describe('Which ping it answers.') })
    .meta({ id: 'Pong', description: 'The answer to `ping`.' }),
  error: z
    .object({
      event: named('error'),
      data: problemSchema
        .extend({ ref })
        .meta({ id: 'SocketProblem', description: 'A problem of RFC 9457, with the `ref` of the message.' }),
    })
    .meta({ id: 'SocketError', description: 'Why a message was refused.' }),
  retry: z
    .object({
      event: named('retry'),
      data: z
        .object({ ms: z.int().describe('How long to wait before reconnecting, in milliseconds.') })
        .describe('When to come back.'),
    })
    .meta({ id: 'Retry', description: 'The server is about to close the connection.' }),
};

/** Any event of a stream over SSE. */
export const streamEvent = z
  .discriminatedUnion('event', [
    CONTROL_EVENTS.ready,
    CONTROL_EVENTS.reset,
    CONTROL_EVENTS.notice,
    ...Object.values(CHANNEL_EVENTS),
    GAP_EVENT,
  ])
  .meta({ id: 'StreamEvent', description: 'Any event of a stream, as a Server-Sent Event.' });

/** Any line of a stream as NDJSON. */
export const streamLine = z
  .discriminatedUnion('event', [...streamEvent.options, heartbeat])
  .meta({ id: 'StreamLine', description: 'Any event of a stream, as a line of NDJSON.' });
