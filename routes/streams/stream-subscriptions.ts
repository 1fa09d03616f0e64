import { z } from 'zod';
import {
  findSubscription,
  saveSubscription,
  touchSubscription,
  type SubscriptionLimits,
} from '../../db/users/stream-subscriptions.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import type { Config } from '../../lib/config/config.ts';
import { problem } from '../../lib/problem.ts';
import { CHANNEL_TYPES } from '../../streams/channels/catalog.ts';
import type { MarktideChannel } from '../../streams/channels/channel-type.ts';
import { MAX_CHANNELS, MAX_LOGS } from '../../streams/core/channel.ts';
import { channelName } from '../../streams/transports/websocket-message.ts';
import { endpoint, Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import type { Services } from '../http/handler-services.ts';
import { queryProblem } from '../http/query-problem.ts';
import { assertReadable, channelsOf, channelsOfBody } from './stream-access.ts';

const ADDRESSES = Object.values(CHANNEL_TYPES)
  .map(({ address }) => `\`${address.replaceAll('{', '<').replaceAll('}', '>')}\``)
  .join(', ');

/** What a stream is opened with: one of the two. */
export const selectionQuery = {
  channels: z
    .string()
    .optional()
    .meta({
      example: 'ticker:BTC/KRW,trade:BTC/KRW',
      description: `The channels to open, comma-separated: ${ADDRESSES}; \`*\` for all symbols. Give this or \`subscription\`. As many as a URL of 8,000 bytes holds; up to ${MAX_CHANNELS} by a subscription. They may belong to ${MAX_LOGS} logs: the market is one, and so is each portfolio.`,
    }),
  subscription: field.id.optional().meta({
    description:
      'Instead of `channels`: the id of a subscription of the same user (`POST /v1/streams/subscriptions`).',
  }),
};

/**
 * The channels that a query asks for. Whether they may be read is checked later.
 * @returns none if it asks for none
 * @throws Problem 400 for an invalid list of channels, 404 for a subscription that the caller does not have
 */
export async function channelsAsked(
  { channels, subscription }: { channels?: string | undefined; subscription?: string | undefined },
  caller: Caller | null,
  services: Services,
): Promise<MarktideChannel[]> {
  if (subscription === undefined) return channels === undefined ? [] : channelsOf('channels', channels);
  if (channels === undefined) return await channelsSubscribed(subscription, caller, services);
  throw queryProblem({ parameter: 'subscription', detail: 'cannot be given together with `channels`' });
}

/**
 * The channels of one of the caller's subscriptions.
 * @throws Problem 404, for another user's as well
 */
export async function channelsSubscribed(
  id: string,
  caller: Caller | null,
  { db, clock, logger }: Services,
): Promise<MarktideChannel[]> {
  const found = caller === null ? null : await findSubscription(db, { id, userId: caller.userId }, { clock });
  if (found === null) {
    throw problem('not-found', {
      detail: 'There is no such subscription. Make one with `POST /v1/streams/subscriptions`.',
    });
  }
  await touchSubscription(db, found, { clock }).catch((error: unknown) =>
    logger.warn({ err: error }, 'could not record the use of a subscription'),
  );
  return channelsOf('subscription', found.channels.join(','));
}

function limitsOf({ STREAMS_PER_USER, STREAMS_MAX, STREAM_MAX_AGE_MS }: Config): SubscriptionLimits {
  return {
    // More than the number of streams that a user can open with them.
    perUser: 2 * STREAMS_PER_USER,
    inAll: 2 * STREAMS_MAX,
    // A stream reconnects at its maximum age at the latest.
    inUseMs: 2 * STREAM_MAX_AGE_MS,
  };
}

export const createSubscription = endpoint({
  method: 'post',
  path: '/v1/streams/subscriptions',
  id: 'createStreamSubscription',
  tag: 'streams',
  summary: 'Store a long list of channels under a short id',
  description: `For lists that do not fit into the URL of a stream (8,000 bytes). \`GET /v1/streams?subscription=<id>\` opens exactly these channels, and a \`subscribe\` message of a WebSocket may name the subscription too. It works on every node and with any credential of the same user, stream tokens included. Access to the portfolios is checked here, and again whenever a stream is opened.

It expires a week after it was last used to open a stream; each reconnect counts. One that was never opened expires after an hour. The same list again is the same subscription. A user keeps twice as many as \`STREAMS_PER_USER\`; one more replaces one that was never opened, otherwise the least recently used one, or is refused with 409 while all are in use.`,
  access: 'read',
  limit: 'stream',
  bodyLimitKb: 32,
  body: z
    .strictObject({
      channels: z
        .array(channelName)
        .min(1)
        .max(MAX_CHANNELS)
        .describe('Names of channels as for `GET /v1/streams`, in any order; duplicates count once.'),
    })
    .meta({ id: 'StreamSubscriptionInput', description: 'The channels to subscribe to.' }),
  status: 201,
  otherStatuses: [{ status: 200, description: 'You already have a subscription to these channels.' }],
  response: z
    .object({
      id: field.id.describe('Id of the subscription.'),
      url: z.string().describe('The URL to open: a path on this host, with `BASE_PATH`.'),
      channelCount: z.int().describe('How many different channels it has.'),
      expiresAt: field.timestamp.describe('When it expires, unless a stream is opened with it earlier.'),
    })
    .meta({ id: 'StreamSubscription', description: 'A list of channels under a short id.' }),
  examples: { request: { channels: ['ticker:BTC/KRW', 'ticker:ETH/KRW', 'trade:BTC/KRW'] } },
  problems: ['invalid-request', 'forbidden', 'not-found', 'conflict'],
  async handler({ body, caller }, services) {
    const { db, clock, config } = services;
    const channels = channelsOfBody('/channels', body.channels);
    await assertReadable(channels, caller, services);
    const draft = { userId: caller.userId, channels: channels.map(({ name }) => name) };
    const { id, expiresAt, isNew } = await saveSubscription(db, draft, { clock, ...limitsOf(config) });
    const answer = {
      id,
      url: `${config.BASE_PATH}/v1/streams?subscription=${id}`,
      channelCount: channels.length,
      expiresAt: field.isoTime(expiresAt),
    };
    return new Reply(answer, { status: isNew ? 201 : 200 });
  },
});
