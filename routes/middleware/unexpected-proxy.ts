import type { Middleware } from 'koa';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';

/**
 * Warns, at most once a minute, when requests come through a proxy although TRUST_PROXY is 0: all clients then have the
 * address of the proxy, and share its rate limit.
 */
export function warnOfUnexpectedProxy(logger: Logger, clock: Clock): Middleware {
  const log = new RepeatedLog(logger, clock);
  return async function lookForProxy(ctx, next) {
    if (ctx.req.headers['x-forwarded-for'] !== undefined) {
      log.warn(
        { address: ctx.req.socket.remoteAddress },
        'A proxy forwards requests, but TRUST_PROXY is 0: all clients count as one. Set it to the number of proxies.',
      );
    }
    await next();
  };
}
