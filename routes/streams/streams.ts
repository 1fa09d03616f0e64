import type { Context } from 'koa';
import { z } from 'zod';
import { withoutParameters } from '../../lib/text/accept.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import type { MarktideChannel } from '../../streams/channels/channel-type.ts';
import { MAX_CHANNELS } from '../../streams/core/channel.ts';
import { serveStream, STREAM_TYPES, type StreamType } from '../../streams/transports/serve-stream.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import type { Services } from '../http/handler-services.ts';
import { queryProblem } from '../http/query-problem.ts';
import { admit, assertReadable, channelsOf, ownerOf, streamQuery } from './stream-access.ts';
import { authorityMarkOf, streamSealOf } from '../auth/stream-authenticator.ts';
import { channelsAsked, selectionQuery } from './stream-subscriptions.ts';

/** @throws 406 for a client that takes neither SSE nor NDJSON */
function formatOf(ctx: Context): StreamType {
  ctx.vary('Accept');
  const { headers } = ctx.req;
  if (headers.accept !== undefined) headers.accept = withoutParameters(headers.accept);
  const format = STREAM_TYPES.find((each) => each === ctx.accepts(...STREAM_TYPES));
  if (format === undefined) throw problem('not-acceptable');
  return format;
}

/** Answers with an event stream on the channels, as SSE or NDJSON. */
async function serve(
  ctx: Context,
  channels: readonly MarktideChannel[],
  query: { lastEventId?: string | undefined; replay: 'full' | 'latest'; flush?: number | undefined },
  caller: Caller | null,
  services: Services,
): Promise<void> {
  const { hub, clock, authority } = services;
  await assertReadable(channels, caller, services);
  const contentType = formatOf(ctx);
  const admission = admit(ctx, caller, services);
  ctx.respond = false;
  const id = newId(clock);
  // Read here, because nothing that lives as long as the stream may hold the context of its request.
  const mark = authorityMarkOf(ctx);
  serveStream(ctx.req, ctx.res, {
    hub,
    channels,
    contentType,
    // The header takes precedence; browsers without an id send an empty one.
    lastEventId: ctx.get('Last-Event-ID') || query.lastEventId || null,
    replay: query.replay,
    flushMs: query.flush ?? null,
    id,
    owner: ownerOf(caller),
    admission,
    seal: streamSealOf(ctx),
    onOpen: () => authority.catchUp(id, mark),
  });
}

const description =
  '`Accept: text/event-stream` (default) or `application/x-ndjson`. Resume with `Last-Event-ID`: every retained event after it is sent, none twice, then live. `event: reset` means that events are missing; the current state follows. `event: ready` means that the stream has caught up.';

export const streams = endpoint({
  method: 'get',
  path: '/v1/streams',
  id: 'openStream',
  tag: 'streams',
  summary: 'Open a stream on any mix of channels',
  description,
  access: 'read',
  limit: 'stream',
  publicMarket: true,
  streamToken: true,
  produces: 'stream',
  query: z.strictObject({
    ...selectionQuery,
    ...streamQuery,
  }),
  status: 200,
  response: z.string(),
  problems: ['invalid-request', 'not-acceptable', 'forbidden', 'not-found', 'rate-limited', 'unavailable'],
  async handler({ query, caller, ctx }, services) {
    const channels = await channelsAsked(query, caller, services);
    if (channels.length === 0) {
      throw queryProblem({ parameter: 'channels', detail: 'is required, unless a `subscription` is given' });
    }
    await serve(ctx, channels, query, caller, services);
    return '';
  },
});

export const marketStream = endpoint({
  method: 'get',
  path: '/v1/streams/market',
  id: 'openMarketStream',
  tag: 'streams',
  summary: 'Open a stream of tickers and public trades of symbols',
  description,
  access: 'read',
  limit: 'stream',
  publicMarket: true,
  streamToken: true,
  produces: 'stream',
  query: z.strictObject({
    symbols: field.symbolList
      .optional()
      .describe(
        `Comma-separated; all symbols if omitted. At most ${MAX_CHANNELS / 2}: each is two channels.`,
      ),
    ...streamQuery,
  }),
  status: 200,
  response: z.string(),
  problems: ['invalid-request', 'not-acceptable', 'rate-limited', 'unavailable'],
  async handler({ query, caller, ctx }, services) {
    const symbols = query.symbols ?? ['*'];
    const names = symbols.flatMap((symbol) => [`ticker:${symbol}`, `trade:${symbol}`]);
    await serve(ctx, channelsOf('symbols', names.join(',')), query, caller, services);
    return '';
  },
});

export const pnlStream = endpoint({
  method: 'get',
  path: '/v1/streams/pnl',
  id: 'openPnlStream',
  tag: 'streams',
  summary: 'Open a stream of the PnL and fills of a portfolio',
  description,
  access: 'read',
  limit: 'stream',
  streamToken: true,
  produces: 'stream',
  query: z.strictObject({ portfolioId: field.portfolioId, ...streamQuery }),
  status: 200,
  response: z.string(),
  problems: ['invalid-request', 'not-acceptable', 'forbidden', 'not-found', 'rate-limited', 'unavailable'],
  async handler({ query, caller, ctx }, services) {
    const { portfolioId } = query;
    await serve(
      ctx,
      channelsOf('portfolioId', `pnl:${portfolioId},fills:${portfolioId}`),
      query,
      caller,
      services,
    );
    return '';
  },
});

export const streamEndpoints = [streams, marketStream, pnlStream];
