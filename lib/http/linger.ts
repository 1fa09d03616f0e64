import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** How long, and how many bytes, to keep reading from a socket after the last response on it. */
export interface Linger {
  ms: number;
  bytes: number;
}

/** Enough for the largest file of trades from a fast sender. */
const LINGER: Linger = { ms: 10_000, bytes: 64 * 2 ** 20 };

/**
 * Closes a socket on which the client may still be sending. The response is sent; then the client's bytes are dropped
 * until it closes or a bound is reached. Closing a socket with unread bytes would make the kernel reset the connection,
 * and the client might never see the response.
 * @returns closes the socket as soon as the answer is out
 */
export function lingerAndClose(
  socket: Socket,
  clock: Clock,
  { ms, bytes }: Linger = LINGER,
): { nothingMore: () => void } {
  let left = bytes;
  const close = (): void => void socket.destroy();
  const nothingMore = (): void => {
    if (socket.writableFinished) close();
    else socket.once('finish', close);
  };
  const cancel = clock.after(ms, close);
  socket.once('close', cancel).once('end', nothingMore);
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) close();
  });
  socket.resume();
  socket.end();
  return { nothingMore };
}
