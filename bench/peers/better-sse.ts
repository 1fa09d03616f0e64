import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createChannel, createSession } from 'better-sse';
import { stampedTrade } from '../stamped-trade.ts';
import { servePeer } from './peer.ts';

/** better-sse as in its documentation: a session per client, and `broadcast` on a channel. */
const channel = createChannel();

const server = createServer((req, res) => {
  void createSession(req, res).then((session) => channel.register(session));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  servePeer({
    url: `http://127.0.0.1:${port}/`,
    publish(first, count) {
      for (let sequence = first; sequence < first + count; sequence += 1) {
        channel.broadcast(stampedTrade(sequence), 'trade', { eventId: String(sequence) });
      }
    },
  });
});
