import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { answerParent } from '../../bench/child.ts';

/** Many readers of one stream in a process of their own, on bare sockets. What each has received is kept. */
export interface Joining {
  url: string;
  count: number;
  /** Source addresses, in turn, so that ports suffice. */
  from: string[];
}

interface Reader {
  socket: Socket;
  text: string;
  trades: number;
}

/** Connections in the making at a time. */
const WAVE = 200;
const TRADE = 'event:trade\n';
const readers: Reader[] = [];
let trades = 0;
let closed = 0;
let tell: (() => void) | null = null;

/** Resolves once it is in step. */
function join(target: URL, from: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.hostname, port: Number(target.port), localAddress: from });
    const reader: Reader = { socket, text: '', trades: 0 };
    readers.push(reader);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      reader.text += chunk;
      if (reader.text.includes('event:ready\n')) resolve();
      const seen = reader.text.split(TRADE).length - 1;
      trades += seen - reader.trades;
      reader.trades = seen;
      tell?.();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      closed += 1;
      reject(new Error(`closed after ${reader.text.slice(0, 500)}`));
    });
    socket.write(
      `GET ${target.pathname}${target.search} HTTP/1.1\r\nHost: ${target.host}\r\nAccept: text/event-stream\r\n\r\n`,
    );
  });
}

answerParent({
  async join({ url, count, from }: Joining) {
    const target = new URL(url);
    for (let at = 0; at < count; at += WAVE) {
      const wave = Array.from({ length: Math.min(WAVE, count - at) }, (_, n) =>
        join(target, from[(at + n) % from.length] ?? '127.0.0.1'),
      );
      await Promise.all(wave);
    }
  },
  /** Resolves when all readers together have received so many trades, or one of them was closed. */
  async until(count: number) {
    if (trades < count && closed === 0) {
      await new Promise<void>((resolve) => {
        tell = () => {
          if (trades >= count || closed > 0) resolve();
        };
        for (const { socket } of readers) socket.once('close', resolve);
      });
      tell = null;
    }
  },
  /** Ids and prices of the trades that a reader has received, and how many readers have received just these. */
  received() {
    const kinds: Record<string, number> = {};
    for (const { text } of readers) {
      const frames = text.split('\n\n').filter((frame) => frame.includes(TRADE));
      const kind = frames
        .map((frame) => `${/^id:(.*)$/m.exec(frame)?.[1]} ${/"price":"([^"]*)"/.exec(frame)?.[1]}`)
        .join(', ');
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    }
    return { kinds, closed };
  },
  /** One half vanishes, the other takes its leave. */
  async leave() {
    await Promise.all(
      readers.splice(0).map(async ({ socket }, n) => {
        if (socket.closed) return;
        const gone = once(socket, 'close');
        if (n % 2 === 0) socket.resetAndDestroy();
        else socket.end();
        await gone;
      }),
    );
  },
});
