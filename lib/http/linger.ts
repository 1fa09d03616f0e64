import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** How long, and how many bytes, to keep reading from a socket after the last response on it. */
export interface Linger {
  /** In all. */
  ms: number;
  /** With nothing from the client. */
  silentMs: number;
  bytes: number;
}

/**
 * Clients that read only when they have sent everything get the response to a file four times as large as allowed, and
 * to one as large as allowed at 27 Mbit/s. nginx waits about as long (`lingering_time`, `lingering_timeout`).
 */
const LINGER: Linger = { ms: 20_000, silentMs: 5_000, bytes: 256 * 2 ** 20 };

/**
 * Closes a socket on which the client may still be sending. The response is sent; then the client's bytes are dropped
 * until it closes or a bound is reached. Closing a socket with unread bytes would make the kernel reset the connection,
 * and the client might never see the response.
 * @returns closes the socket as soon as the answer is out
 */
export function lingerAndClose(
  socket: Socket,
  clock: Clock,
  { ms, silentMs, bytes }: Linger = LINGER,
): { nothingMore: () => void } {
  let left = bytes;
  const close = (): void => void socket.destroy();
  const nothingMore = (): void => {
    if (socket.writableFinished) close();
    else socket.once('finish', close);
  };
  const cancelAll = clock.after(ms, close);
  let cancelSilence = clock.after(silentMs, close);
  socket
    .once('close', () => {
      cancelAll();
      cancelSilence();
    })
    .once('end', nothingMore);
  const drop = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) close();
    if (socket.destroyed) return;
    cancelSilence();
    cancelSilence = clock.after(silentMs, close);
  };
  socket.resume();
  socket.end();
  // Node.js reads a connection for its HTTP parser by itself until something else listens for data, and from then on it
  // would ignore that a paused one is to be resumed. It resumes within this turn of the event loop.
  setImmediate(() => socket.on('data', drop));
  return { nothingMore };
}
