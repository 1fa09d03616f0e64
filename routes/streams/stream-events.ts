import { z } from 'zod';
import { END_REASONS } from '../../streams/core/sink.ts';
import * as field from '../http/fields.ts';
import { problemSchema } from '../http/problem-body.ts';
import { CHANNEL_EVENTS } from './channel-events.ts';
import { eventOf, id } from './event-envelope.ts';

/** The events of a stream as a whole: those of its channels and its own. */

const names = z.array(z.string()).meta({ description: 'Names of channels.', example: ['ticker:BTC/KRW'] });
const ref = z.union([z.string(), z.int()]).optional().meta({ description: 'That of the message.' });

const ready = z
  .object({ channels: names })
  .meta({ id: 'Ready', description: 'These channels are in step: what follows is live.' });

const reset = z
  .object({
    reason: z.enum(['garbled', 'foreign', 'epoch', 'expired']).meta({
      description:
        '`garbled`: the id is not one of ours. `foreign`: it says nothing of the log of these channels, or is ahead of it. `epoch`: the log was begun anew. `expired`: the log does not reach so far back.',
    }),
    channels: names,
  })
  .meta({
    id: 'Reset',
    description:
      'What has happened on these channels since the id is not known. Their current state follows, then `ready`.',
  });

const notice = z
  .object({
    code: z.enum(['delayed', 'restored', ...END_REASONS]).meta({
      description:
        '`delayed`: what is shown may be out of date; `restored`: no longer. All others say why the stream ends; `rate-limited` and `unavailable` also why it did not begin, to a client that asks for an event stream alone, as an `EventSource` does: an error status would end it for good.',
    }),
    detail: z.string(),
    channels: names.optional(),
  })
  .meta({ id: 'Notice' });

/** What a stream says of itself. */
export const CONTROL_EVENTS = {
  ready: eventOf('ready', ready, 'Ready'),
  reset: eventOf('reset', reset, 'Reset'),
  notice: eventOf('notice', notice, 'Notice'),
};

/** Where a comment or a field of SSE would do, other transports need a message. */
export const heartbeat = z
  .object({ event: z.literal('heartbeat'), id })
  .meta({ id: 'Heartbeat', description: 'Nothing has happened for a while; the id may have moved on.' });

/** What is said over a WebSocket only. */
export const SOCKET_EVENTS = {
  welcome: z
    .object({
      event: z.literal('welcome'),
      data: z.object({ id: field.id.meta({ description: 'Of the stream.' }), channels: names }),
    })
    .meta({ id: 'Welcome' }),
  subscribed: z
    .object({ event: z.literal('subscribed'), data: z.object({ channels: names, ref }) })
    .meta({ id: 'Subscribed', description: 'All the channels there are now.' }),
  unsubscribed: z
    .object({ event: z.literal('unsubscribed'), data: z.object({ channels: names, ref }) })
    .meta({ id: 'Unsubscribed', description: 'All the channels there are still.' }),
  pong: z.object({ event: z.literal('pong'), data: z.object({ ref }) }).meta({ id: 'Pong' }),
  error: z
    .object({ event: z.literal('error'), data: problemSchema.extend({ ref }).meta({ id: 'SocketProblem' }) })
    .meta({ id: 'SocketError', description: 'Why a message was refused.' }),
  retry: z
    .object({ event: z.literal('retry'), data: z.object({ ms: z.int() }) })
    .meta({ id: 'Retry', description: 'How long to wait before coming back.' }),
};

/** Any event of a stream over SSE. */
export const streamEvent = z
  .discriminatedUnion('event', [
    CHANNEL_EVENTS.ticker,
    CHANNEL_EVENTS.trade,
    CHANNEL_EVENTS.candle,
    CHANNEL_EVENTS.pnl,
    CHANNEL_EVENTS.holdings,
    CHANNEL_EVENTS.fills,
    CHANNEL_EVENTS.ledger,
    CHANNEL_EVENTS.imports,
    CONTROL_EVENTS.ready,
    CONTROL_EVENTS.reset,
    CONTROL_EVENTS.notice,
  ])
  .meta({ id: 'StreamEvent' });

/** Any line of a stream as NDJSON. */
export const streamLine = z
  .discriminatedUnion('event', [...streamEvent.options, heartbeat])
  .meta({ id: 'StreamLine' });
