import { z } from 'zod';
import { problem } from '../../lib/problem.ts';
import { MAX_CHANNELS } from '../core/channel.ts';
import { MAX_LAST_EVENT_ID } from '../core/cursor.ts';

const ref = z.union([z.string().max(64), z.int()]).optional();
/** The longest there is, a candle of two long names, has 52 characters. */
export const channelName = z.string().max(100);
const channels = z.array(channelName).min(1).max(MAX_CHANNELS);

/** Messages of a client. Their `ref` comes back with the answer. */
export const clientMessage = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('subscribe'),
      channels: channels.optional(),
      subscription: z
        .uuid()
        .optional()
        .meta({ description: 'Instead of `channels`: the id of a subscription of the same user.' }),
      lastEventId: z.string().max(MAX_LAST_EVENT_ID).nullish(),
      replay: z.enum(['full', 'latest']).default('full'),
      ref,
    })
    .refine((message) => (message.channels === undefined) !== (message.subscription === undefined), {
      error: 'names either channels or a subscription',
      path: ['channels'],
    })
    .meta({ id: 'Subscribe', example: { type: 'subscribe', channels: ['ticker:BTC/KRW'], ref: 1 } }),
  z
    .strictObject({ type: z.literal('unsubscribe'), channels, ref })
    .meta({ id: 'Unsubscribe', example: { type: 'unsubscribe', channels: ['ticker:BTC/KRW'], ref: 2 } }),
  z.strictObject({ type: z.literal('ping'), ref }).meta({ id: 'Ping', example: { type: 'ping', ref: 3 } }),
]);

export type ClientMessage = z.output<typeof clientMessage>;
export type Ref = string | number | undefined;

/** @throws Problem that says what is wrong with the message */
export function parseMessage(text: string): ClientMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem('malformed-json', { detail: 'The message is not JSON.' });
  }
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, 5).map((issue) => ({
    pointer: issue.path
      .map((key) => `/${String(key)}`)
      .join('')
      .slice(0, 200),
    detail: issue.message,
  }));
  throw problem('invalid-request', { detail: 'The message does not fit its schema.', errors });
}

/** The `ref` of a message, even an invalid one, so that the client knows which was refused. */
export function refOf(text: string): Ref {
  try {
    const value: unknown = JSON.parse(text);
    const parsed = z.object({ ref }).safeParse(value);
    return parsed.success ? parsed.data.ref : undefined;
  } catch {
    return undefined;
  }
}
