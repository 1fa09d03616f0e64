import { z } from 'zod';
import { problem } from '../../lib/problem.ts';
import { schemaFault } from '../../lib/schema-fault.ts';
import { MAX_CHANNELS } from '../core/channel.ts';
import { MAX_LAST_EVENT_ID } from '../core/cursor.ts';

const ref = z
  .union([z.string().max(64), z.int()])
  .optional()
  .describe('Comes back in the answer, to match the two.');
/** The longest there is, a candle of two long names, has 52 characters. */
export const channelName = z.string().max(100);
const channels = z.array(channelName).min(1).max(MAX_CHANNELS).describe('Names of channels.');
const type = <T extends string>(name: T) => z.literal(name).describe('What the message asks for.');

/** Messages of a client. The answer carries their `ref`. */
export const clientMessage = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: type('subscribe'),
      channels: channels.optional().describe('Names of channels to add; give this or `subscription`.'),
      subscription: z
        .uuid()
        .optional()
        .describe('Instead of `channels`: the id of a subscription of the same user.'),
      lastEventId: z
        .string()
        .max(MAX_LAST_EVENT_ID)
        .nullish()
        .describe(
          'The last id received, to resume after it; `null` or omitted: start with the current state.',
        ),
      replay: z
        .enum(['full', 'latest'])
        .default('full')
        .describe(
          'What a resuming client gets. `full`: every retained event. `latest`: only the newest state of each state channel, and every event of the others.',
        ),
      ref,
    })
    .refine((message) => (message.channels === undefined) !== (message.subscription === undefined), {
      error: 'must be given, or `subscription`, but not both',
      path: ['channels'],
    })
    .meta({
      id: 'Subscribe',
      description: 'Adds channels to the connection.',
      example: { type: 'subscribe', channels: ['ticker:BTC/KRW'], ref: 1 },
    }),
  z.strictObject({ type: type('unsubscribe'), channels, ref }).meta({
    id: 'Unsubscribe',
    description: 'Removes channels from the connection.',
    example: { type: 'unsubscribe', channels: ['ticker:BTC/KRW'], ref: 2 },
  }),
  z
    .strictObject({ type: type('ping'), ref })
    .meta({ id: 'Ping', description: 'Asks for a `pong`.', example: { type: 'ping', ref: 3 } }),
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
  const parsed = clientMessage.safeParse(value, { error: schemaFault });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, 5).map((issue) => ({
    pointer: issue.path
      .map((key) => `/${String(key)}`)
      .join('')
      .slice(0, 200),
    detail: issue.message,
  }));
  throw problem('invalid-request', { errors });
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
