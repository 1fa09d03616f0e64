import type { Middleware } from 'koa';
import type { Clock } from '../../lib/clock.ts';
import { type Linger, lingerAndClose } from '../../lib/http/linger.ts';
import { announcesBody, discardBody } from '../http/request-body.ts';

/**
 * Closes the connection after every response that is sent before the request's body has arrived, so that the rest of
 * the body cannot block the next request: a proxy sends requests of other users on the same connection. The rest is
 * dropped within the bounds of `linger`.
 *
 * It wraps everything else, since anything may answer early: a limit, a refused credential, an unknown path.
 */
export function endUnreadBodies(clock: Clock, linger?: Linger): Middleware {
  return async function endUnreadBody({ req, res }, next) {
    if (!announcesBody(req)) {
      await next();
      return;
    }
    // Before the listener of Node.js, which either ends the connection or continues with the next request.
    res.prependOnceListener('finish', () => {
      if (req.readableEnded || req.destroyed) return;
      // A reader that gave up may have paused the socket, even if the whole body has arrived.
      discardBody(req);
      if (req.complete) return;
      const { socket } = req;
      // Called by Node.js for an answer that ends the connection.
      socket.destroySoon = () => {
        const { nothingMore } = lingerAndClose(socket, clock, linger);
        req.once('end', nothingMore);
      };
    });
    try {
      await next();
    } finally {
      if (!req.complete && !res.headersSent) {
        res.shouldKeepAlive = false;
        // A header goes before the flag; 426 sets one.
        const options = res.getHeader('Connection');
        if (options !== undefined) res.setHeader('Connection', [options, 'close'].flat().join(', '));
      }
    }
  };
}
