import type { Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';
import { MAX_URL_BYTES, SHORTER_URL } from '../../lib/http/request-limits.ts';

/** More than any endpoint has. The cost of parsing them in Koa is quadratic. */
const MAX_PARAMETERS = 64;

/** Refuses URLs that a proxy might not forward, and queries that are expensive to parse. */
export function limitUrl(): Middleware {
  return function refuseLongUrl({ req, querystring }, next) {
    const { length } = req.url ?? '';
    if (length > MAX_URL_BYTES) {
      throw problem('uri-too-long', {
        detail: `The URL has ${length} bytes; the limit is ${MAX_URL_BYTES}. ${SHORTER_URL}`,
      });
    }
    if (querystring.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS) {
      throw problem('uri-too-long', {
        detail: `The query has more than ${MAX_PARAMETERS} parameters. Send fewer.`,
      });
    }
    return next();
  };
}
