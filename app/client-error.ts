import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { endWithProblem } from '../lib/http/bare-answer.ts';
import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Logger } from '../lib/logging/log.ts';
import { type Problem, problem } from '../lib/problem.ts';
import { MAX_HEAD_BYTES, SHORTER_URL } from '../lib/http/request-limits.ts';

/** What the HTTP parser refuses never becomes a request. */
function problemOf(code: string | undefined): Problem | null {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return problem('headers-too-large', {
        detail: `The URL and headers have more than ${MAX_HEAD_BYTES} bytes. ${SHORTER_URL}`,
      });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return problem('payload-too-large', { detail: 'The chunk extensions are too long. Send none.' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return problem('request-timeout', { detail: 'The request did not arrive in time. Send it again.' });
    case 'ECONNRESET':
      return null;
    default:
      return problem('invalid-request', { detail: 'The request is not valid HTTP/1.1.' });
  }
}

/** Answers requests that the HTTP parser refuses with a problem, where Node would send a bare status line. */
export class ClientErrors {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** The last response of each connection, and what had been written to it before. */
  readonly #answers = new WeakMap<Socket, { res: ServerResponse; bytesBefore: number }>();
  readonly #refused = new WeakSet<Socket>();

  constructor(server: Server, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#refuseUnlessThere(error, socket as Socket);
      else this.#refuse(error, socket as Socket);
    });
  }

  /** Called for each request, and for what is written before its response: a refusal must not be written into a response. */
  noteRequest(req: IncomingMessage, res: ServerResponse): void {
    this.#answers.set(req.socket, { res, bytesBefore: req.socket.bytesWritten });
  }

  /** If the process was held or stopped, what was due has arrived, and is read when the timers have run. */
  #refuseUnlessThere(error: NodeJS.ErrnoException, socket: Socket): void {
    const last = this.#answers.get(socket)?.res;
    const isBodyDue = last !== undefined && !last.req.complete;
    setImmediate(() => {
      const isThere = isBodyDue ? last.req.complete : this.#answers.get(socket)?.res !== last;
      if (!isThere) this.#refuse(error, socket);
    });
  }

  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    // The parser repeats its error for every further chunk, which is read and dropped.
    if (this.#refused.has(socket)) return;
    const refusal = problemOf(error.code);
    if (refusal === null || !socket.writable || this.#isAnswering(socket)) {
      socket.destroy(error);
      return;
    }
    this.#refused.add(socket);
    const requestId = newId(this.#clock);
    // The error holds the bytes of the request, which may be a credential.
    this.#logger.info({ requestId, status: refusal.status, code: error.code }, 'request refused unread');
    endWithProblem(socket, refusal, requestId, this.#clock);
  }

  /** Streams write to the socket themselves, so their responses do not know that they have begun. */
  #isAnswering(socket: Socket): boolean {
    const answer = this.#answers.get(socket);
    return answer !== undefined && !answer.res.writableFinished && socket.bytesWritten > answer.bytesBefore;
  }
}
