import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests that wait for a `100 Continue`, and how it is sent. */
const WAITING = new WeakMap<IncomingMessage, () => void>();

/**
 * `Expect: 100-continue` is answered when the body is wanted (`askForBody`), so that a request which is refused never
 * has its body sent. Any other expectation is ignored (RFC 9110, section 10.1.1).
 * @param noteWritten called when a `100 Continue` has been sent, which is not a response
 */
export function serveExpectations(
  server: Server,
  handle: (req: IncomingMessage, res: ServerResponse) => void,
  noteWritten: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    WAITING.set(req, () => {
      if (res.headersSent) return;
      res.writeContinue();
      noteWritten(req, res);
    });
    handle(req, res);
  });
  server.on('checkExpectation', handle);
}

/** Call it before reading a body: the sender may be waiting for `100 Continue`. */
export function askForBody(req: IncomingMessage): void {
  const go = WAITING.get(req);
  WAITING.delete(req);
  go?.();
}
