import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { endWithProblem } from '../../lib/http/bare-answer.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import { announcesBody } from './request-body.ts';

const TIMERS = new WeakMap<IncomingMessage, () => void>();

/**
 * Ends the connection of a client that does not send its body in time, with a 408 if there is no answer yet. It knows
 * no routes: a handler that takes large files calls `allowUploadTime`, and only the server's own limit for a whole
 * request applies.
 */
export function bodyTimeout(clock: Clock, ms: number): Middleware {
  return function limitBody({ req, res }, next) {
    if (announcesBody(req)) {
      const end = (): void => {
        // It may be unread, but it is complete.
        if (req.complete || req.destroyed) return;
        if (res.headersSent) req.socket.destroy();
        else endWithProblem(req.socket, problem('request-timeout'), newId(clock), clock);
      };
      // If the process was held or stopped, the body has arrived, and is read when the timers have run.
      const cancel = clock.after(ms, () => setImmediate(end));
      TIMERS.set(req, cancel);
      req.once('end', cancel).once('close', cancel);
    }
    return next();
  };
}

/** For a body that is read as it arrives, at the reader's pace. */
export function allowUploadTime(req: IncomingMessage): void {
  TIMERS.get(req)?.();
}
