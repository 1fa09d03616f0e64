import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { lingerAndClose } from './linger.ts';
import type { Problem } from '../problem.ts';

/** Writes a response to the socket of a request that cannot be parsed or did not arrive in time, and closes it. */
export function endWithProblem(socket: Socket, refusal: Problem, requestId: string, clock: Clock): void {
  const body = JSON.stringify(refusal.toBody(requestId));
  socket.write(
    [
      `HTTP/1.1 ${refusal.status} ${refusal.title}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  lingerAndClose(socket, clock);
}
