import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';

/** For how long a socket is read from after its last answer, and how much, in milliseconds and bytes. */
export interface Linger {
  ms: number;
  bytes: number;
}

/** Enough for the largest file of trades from a fast sender. */
const LINGER: Linger = { ms: 10_000, bytes: 64 * 2 ** 20 };

/**
 * Closes a socket on which the client may still be sending. The answer goes out, then the client's bytes are dropped
 * until it closes or a bound is reached: if the socket were closed over unread bytes, the kernel would reset the
 * connection, and the client might never see the answer.
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
