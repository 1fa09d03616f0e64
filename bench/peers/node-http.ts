import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stampedTrade } from '../stamped-trade.ts';
import { servePeer } from './peer.ts';

/** The simplest possible fan-out: the text is built once, and written once per client and event. */
const clients = new Set<ServerResponse>();

const server = createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  res.flushHeaders();
  clients.add(res);
  res.on('close', () => clients.delete(res));
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  servePeer({
    url: `http://127.0.0.1:${port}/`,
    publish(first, count) {
      for (let sequence = first; sequence < first + count; sequence += 1) {
        const text = `event: trade\nid: ${sequence}\ndata: ${JSON.stringify(stampedTrade(sequence))}\n\n`;
        for (const client of clients) client.write(text);
      }
    },
  });
});
