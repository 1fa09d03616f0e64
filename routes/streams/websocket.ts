import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import { CATALOG } from '../../streams/channels/catalog.ts';
import { serveWebSocket } from '../../streams/transports/serve-websocket.ts';
import { handshakeOf } from '../../streams/transports/upgrade.ts';
import { z } from 'zod';
import { endpoint } from '../http/endpoint.ts';
import { admit, assertReadable, ownerOf, streamQuery } from './stream-access.ts';
import { authorityMarkOf } from '../auth/stream-authenticator.ts';
import { channelsAsked, channelsSubscribed, selectionQuery } from './stream-subscriptions.ts';

const description = `The channels and ids of \`/v1/streams\`, as JSON text messages \`{event, data, id?}\`; the credential is the same: \`Authorization\` header, \`?token=\`, or the cookie from a page of this origin or one of \`CORS_ORIGINS\`. A refusal comes before the upgrade, as a problem.

The client sends these messages; a \`ref\` (a string or integer) comes back in the answer:
\`{"type":"subscribe","channels":["ticker:BTC/KRW"],"lastEventId":"…","replay":"full","ref":1}\`, \`{"type":"unsubscribe","channels":[…]}\`, \`{"type":"ping"}\`. One \`id\` stands for all channels of the connection: to resume, subscribe to all of them in one message (or by \`?channels=\`) with the last id. Changing channels loses and repeats nothing on those that stay. Instead of \`channels\`, a \`subscribe\` may name a \`subscription\` of \`POST /v1/streams/subscriptions\`. Messages hold at most 64 KiB of text, and a connection at most 500 channels.

Besides the events of the channels, \`ready\`, \`reset\`, \`notice\` and \`heartbeat\`, the server sends \`welcome\` (the stream's id), \`subscribed\`, \`unsubscribed\` (all channels there are now), \`pong\`, \`error\` (a problem, with \`ref\`) and \`retry\` (\`ms\` to wait before reconnecting). It pings; a client that misses two pings is disconnected.

| close code | meaning | then |
|---|---|---|
| 1000 | ended on request (\`DELETE /v1/streams/sessions/{id}\`) | stay away |
| 1001 | maximum age | reconnect, resume |
| 1003 | binary message | fix the client |
| 1008 | too many bad or waiting messages | fix the client |
| 1009 | message over 64 KiB | fix the client |
| 1011 | internal error | reconnect, resume |
| 1012 | the server is shutting down | reconnect after \`retry\`, resume |
| 1013 | the data of the stream cannot be read at the moment, or too many streams of the user are catching up | reconnect after \`retry\`, resume |
| 4401 | credential expired or revoked | get a new one, resume |
| 4403 | access to a portfolio lost | subscribe without it |
| 4408 | reads too slowly | reconnect, resume |`;

export const webSocket = endpoint({
  method: 'get',
  path: '/v1/ws',
  id: 'openWebSocket',
  tag: 'streams',
  summary: 'The streams over a WebSocket, whose channels can be changed',
  description,
  access: 'read',
  limit: 'stream',
  publicMarket: true,
  streamToken: true,
  query: z.strictObject({
    channels: selectionQuery.channels.describe(
      'The channels to begin with, comma-separated; `subscribe` messages add more.',
    ),
    subscription: selectionQuery.subscription,
    ...streamQuery,
  }),
  status: 101,
  response: null,
  problems: ['invalid-request', 'forbidden', 'not-found', 'upgrade-required', 'rate-limited', 'unavailable'],
  async handler({ query, caller, ctx }, services) {
    const { hub, authority, sockets, clock } = services;
    if (sockets === null)
      throw problem('not-found', {
        detail: 'This server takes no WebSocket connections (`WEBSOCKET=false`). Use `GET /v1/streams`.',
      });
    const upgrade = handshakeOf(ctx.req);
    const channels = await channelsAsked(query, caller, services);
    await assertReadable(channels, caller, services);
    const admission = admit(ctx, caller, services);
    ctx.respond = false;
    ctx.status = 101;
    const id = newId(clock);
    const openedAt = authorityMarkOf(ctx);
    serveWebSocket(upgrade, {
      hub,
      sockets,
      catalog: CATALOG,
      channels,
      lastEventId: ctx.get('Last-Event-ID') || query.lastEventId || null,
      replay: query.replay,
      flushMs: query.flush ?? null,
      id,
      owner: ownerOf(caller),
      admission,
      onOpen: () => authority.catchUp(id, openedAt),
      async authorise(more) {
        const mark = authority.mark();
        await assertReadable(more, caller, services);
        return () => authority.catchUp(id, mark);
      },
      channelsSubscribed: (subscription) => channelsSubscribed(subscription, caller, services),
    });
  },
});
