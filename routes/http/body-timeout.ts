import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import type { Clock } from '../../lib/clock.ts';

const TIMERS = new WeakMap<IncomingMessage, () => void>();

/**
 * Ends with who does not get their body across in time, by a bare 408 as the server does for headers. It knows no route:
 * whoever takes large files calls `takeYourTime`, and the server's own limit for a whole request is what is left.
 */
export function bodyPatience(clock: Clock, ms: number): Middleware {
  return function limitBody({ req, res }, next) {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = req.headers;
    if (length !== '0' || encoding !== undefined) {
      const cancel = clock.after(ms, () => {
        if (!res.headersSent) req.socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n');
        req.socket.destroySoon();
      });
      TIMERS.set(req, cancel);
      req.once('end', cancel).once('close', cancel);
    }
    return next();
  };
}

/** For a body that is read as it arrives, at the reader's own pace. */
export function takeYourTime(req: IncomingMessage): void {
  TIMERS.get(req)?.();
}
