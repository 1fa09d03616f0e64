import { connect, type Socket } from 'node:net';
import type { PnlReady } from './pnl-server.ts';
import { microseconds } from './stamped-trade.ts';
import { answerParent } from './child.ts';

/** One stream per portfolio, on raw sockets. For the first few, it reports the market offset of each event. */
export interface Seen {
  events: number;
  /** For each sampled stream: the market offset of an event, and when it arrived. */
  sampled: [offset: number, at: number][][];
}

const shared = Buffer.allocUnsafe(256 * 1024);
const MARK = Buffer.from('event:pnl');
const POSITION = /"position":"\d+@[^."]+\.(\d+)"/g;
let events = 0;
const sampled: [number, number][][] = [];
const sockets: Socket[] = [];

function openOne(ready: PnlReady, portfolioId: string, log: [number, number][] | null): Promise<void> {
  const { hostname, port, host } = new URL(ready.url);
  return new Promise((resolve, reject) => {
    let rest = '';
    const receive = (length: number): boolean => {
      const chunk = shared.subarray(0, length);
      for (let at = chunk.indexOf(MARK); at >= 0; at = chunk.indexOf(MARK, at + MARK.length)) events += 1;
      if (chunk.includes('event:ready')) resolve();
      if (log !== null) {
        const now = microseconds();
        const text = rest + chunk.toString('latin1');
        for (const [, offset] of text.matchAll(POSITION)) log.push([Number(offset), now]);
        rest = text.slice(text.lastIndexOf('\n') + 1).slice(-4_000);
      }
      return true;
    };
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: { buffer: shared, callback: receive },
    });
    sockets.push(socket);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.on('connect', () => {
      const path = `/v1/streams?channels=pnl:${portfolioId}`;
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nAuthorization: ${ready.authorization}\r\n\r\n`,
      );
    });
  });
}

answerParent({
  async open({ ready, samples }: { ready: PnlReady; samples: number }): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let index = next++; index < ready.portfolioIds.length; index = next++) {
        const log: [number, number][] | null = index < samples ? [] : null;
        if (log !== null) sampled.push(log);
        await openOne(ready, ready.portfolioIds[index] ?? '', log);
      }
    };
    await Promise.all(Array.from({ length: 50 }, lane));
  },
  reset(): void {
    events = 0;
    for (const log of sampled) log.length = 0;
  },
  seen: (): Seen => ({ events, sampled }),
  close(): void {
    for (const socket of sockets.splice(0)) socket.destroy();
  },
});
