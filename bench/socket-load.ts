import { WebSocket } from 'ws';
import { STAMP } from './stamped-trade.ts';
import { answerParent } from './child.ts';

/** Many WebSocket clients in one process: every event is counted, and every socket that closes. */
export interface OpenSockets {
  url: string;
  count: number;
  /** Source address, so that there are enough ports: 127.0.0.x */
  from: string;
}

export interface SocketsReceived {
  events: number;
  closed: number;
}

/** Connections that are being opened at a time. */
const AT_ONCE = 50;
const stamp = Buffer.from(STAMP);
const sockets: WebSocket[] = [];
let events = 0;
let closed = 0;

/** Resolves once it is told what it is subscribed to. */
function openOne(url: string, from: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { localAddress: from, perMessageDeflate: false });
    sockets.push(socket);
    socket.on('message', (message: Buffer) => {
      resolve();
      for (let at = message.indexOf(stamp); at >= 0; at = message.indexOf(stamp, at + stamp.length))
        events += 1;
    });
    socket.on('error', reject);
    socket.on('close', (code) => {
      closed += 1;
      reject(new Error(`closed with ${code}`));
    });
  });
}

answerParent({
  async open({ url, count, from }: OpenSockets) {
    let left = count;
    const lane = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await openOne(url, from);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  },
  reset: () => {
    events = 0;
  },
  received: (): SocketsReceived => ({ events, closed }),
});
