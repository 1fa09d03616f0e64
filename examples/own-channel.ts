// Thermometers report by POST; anyone can follow a room and resume where the connection was cut. Several processes
// that have the same REDIS_URL serve the same rooms.
//   curl -N 'localhost:8080/stream?channels=temperature:kitchen'
//   curl -X POST 'localhost:8080/rooms/kitchen?celsius=21.5'
import type { AddressInfo } from 'node:net';
import { Router } from '@koa/router';
import Koa, { type Context } from 'koa';
import * as streams from 'marktide/streams';

const LOG = 'rooms';
const catalog: streams.ChannelCatalog = {
  parse(name) {
    if (!/^temperature:[a-z]{1,20}$/.test(name)) throw new streams.ChannelError('That is not a channel.');
    return { name, kind: 'state', log: LOG };
  },
  views(_log, data) {
    const { room } = JSON.parse(data) as { room: string };
    const channel = `temperature:${room}`;
    return [{ kind: 'state', channel, wildcard: null, event: 'temperature', body: data }];
  },
};

const { PORT = '8080', REDIS_URL } = process.env;
const broker = REDIS_URL ? new streams.RedisBroker({ url: REDIS_URL }) : new streams.MemoryBroker();
const hub = new streams.Hub({ broker, catalog });
const sockets = new streams.SocketServer();
const channelsOf = (ctx: Context): streams.Channel[] =>
  streams.parseChannels(catalog, ctx.URL.searchParams.get('channels')?.split(',') ?? []);

const router = new Router();
router.post('/rooms/:room', async (ctx) => {
  const data = JSON.stringify({ room: ctx.params.room, celsius: Number(ctx.query['celsius']) });
  ctx.body = await broker.publish(LOG, [{ key: ctx.params.room, data }]);
});
router.get('/stream', (ctx) => {
  const contentType = streams.STREAM_TYPES.find((type) => type === ctx.accepts(...streams.STREAM_TYPES));
  streams.serveStream(ctx.req, ctx.res, { hub, channels: channelsOf(ctx), contentType });
  ctx.respond = false;
});
router.get('/ws', (ctx) => {
  streams.serveWebSocket(streams.handshakeOf(ctx.req), { hub, sockets, catalog });
  ctx.respond = false;
});

const app = new Koa().use(router.routes());
const server = app.listen(Number(PORT), () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`);
});
streams.serveUpgrades(server, app.callback());
process.once('SIGTERM', () => void hub.drain(1_000).then(() => process.exit(0)));
