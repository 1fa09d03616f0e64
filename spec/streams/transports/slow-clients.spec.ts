import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type Channel, channelSetTag } from '../../../streams/core/channel.ts';
import { cursorAt } from '../../../streams/core/cursor.ts';
import { Hub } from '../../../streams/core/connections/hub.ts';
import { MemoryBroker } from '../../../streams/memory/memory-broker.ts';
import { serveStream } from '../../../streams/transports/serve-stream.ts';
import { serveWebSocket } from '../../../streams/transports/serve-websocket.ts';
import { handshakeOf, serveUpgrades } from '../../../streams/transports/upgrade.ts';
import { SocketServer } from '../../../streams/transports/websocket-server.ts';
import { eventually } from '../../support/eventually.ts';
import { quiet } from '../../support/log-watch.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const LOG = 'log';
const CHANNEL: Channel = { name: 'lines:all', kind: 'events', log: LOG };
/** More than the kernel takes for a client that does not read. */
const EVENTS = 1_200;
const BYTES = 20_000;
const STALL_MS = 30_000;
const LINGER_MS = 5_000;

/** A client that reads only when told to. */
interface Client {
  read(): void;
  received(): string;
  cut(): void;
}

describe('a client that does not read what it has missed', () => {
  let clock: VirtualClock;
  let hub: Hub;
  let sockets: SocketServer;
  let server: Server;
  let port: number;
  let id: string;
  const accepted: Socket[] = [];

  beforeEach(async () => {
    clock = new VirtualClock();
    const bounds = { events: 10_000, bytes: 1e9, ageMs: 1e9 };
    const broker = new MemoryBroker({ clock, random: () => 0.5, bounds: () => bounds });
    const catalog = {
      parse: () => CHANNEL,
      views: (_log: string, body: string) => [
        { kind: CHANNEL.kind, channel: CHANNEL.name, wildcard: null, event: 'line', body },
      ],
    };
    // Neither age nor pings end a stream here before its reader's pace does.
    hub = new Hub({ broker, catalog, clock, random: () => 0.5, logger: quiet, maxAgeMs: 1e9 });
    sockets = new SocketServer({ clock, pingMs: 1e9 });
    const handle = (req: IncomingMessage, res: ServerResponse): void => {
      if (req.url === '/ws')
        serveWebSocket(handshakeOf(req), { hub, sockets, catalog, channels: [CHANNEL], lastEventId: id });
      else serveStream(req, res, { hub, channels: [CHANNEL], lastEventId: id });
    };
    server = createServer(handle).listen(0);
    server.on('connection', (socket) => accepted.push(socket));
    serveUpgrades(server, handle, clock);
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    id = cursorAt(channelSetTag([CHANNEL]), new Map([[LOG, await broker.head(LOG)]]));
    const data = JSON.stringify('x'.repeat(BYTES));
    await broker.publish(
      LOG,
      Array.from({ length: EVENTS }, () => ({ data })),
    );
  });
  afterEach(async () => {
    await hub.close();
    sockets.close();
    for (const socket of accepted.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
    assert.equal(clock.pending, 0, 'timers are left');
  });

  async function overHttp(): Promise<Client> {
    const req = get({ port, path: '/' });
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    let text = '';
    res.pause();
    res.setEncoding('utf8').on('error', () => undefined);
    return {
      read: () => void res.on('data', (chunk: string) => (text += chunk)).resume(),
      received: () => text,
      cut: () => req.destroy(),
    };
  }

  async function overWebSocket(): Promise<Client> {
    const ws = new WebSocket(`ws://localhost:${port}/ws`);
    let text = '';
    ws.on('message', (data: Buffer) => (text += `${data.toString()}\n`)).on('error', () => undefined);
    await once(ws, 'open');
    ws.pause();
    return { read: () => ws.resume(), received: () => text, cut: () => ws.terminate() };
  }

  for (const [transport, open] of [
    ['SSE', overHttp],
    ['a WebSocket', overWebSocket],
  ] as const) {
    it(`over ${transport} is ended, and its socket closed ${LINGER_MS / 1_000} s later`, async () => {
      const client = await open();
      await eventually(() => hub.streams()[0]?.subscriber.isBlocked, 'falling behind');
      const [socket] = accepted;
      assert.ok(socket !== undefined);
      // What the kernel still takes counts as read.
      for (let look = 0; look < 4 && hub.streams().length > 0; look += 1) await clock.advance(STALL_MS);
      assert.equal(hub.streams().length, 0, 'it is not waited for any longer');
      assert.ok(socket.writableLength > 0, 'there is something that it has not read');
      await clock.advance(LINGER_MS - 1);
      assert.equal(socket.destroyed, false, 'it may still read the reason');
      await clock.advance(1);
      assert.equal(socket.destroyed, true);
      client.cut();
    });

    it(`over ${transport} gets all of it when it reads on`, async () => {
      const client = await open();
      await eventually(() => hub.streams()[0]?.subscriber.isBlocked, 'falling behind');
      client.read();
      await eventually(async () => {
        await clock.advance(20);
        return client.received().slice(-200).includes('ready');
      }, 'catching up');
      assert.equal(client.received().split('x'.repeat(BYTES)).length - 1, EVENTS);
      client.cut();
      await eventually(() => hub.streams().length === 0, 'noticing that the client has gone');
    });
  }
});
