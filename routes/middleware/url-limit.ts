import type { Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';
import { MAX_URL_BYTES, SHORTER_URL } from '../../lib/request-limits.ts';

/** Refuses URLs that a proxy on the way might not let through. */
export function limitUrl(): Middleware {
  return function refuseLongUrl({ req }, next) {
    const { length } = req.url ?? '';
    if (length <= MAX_URL_BYTES) return next();
    throw problem('uri-too-long', {
      detail: `The URL has ${length} bytes; the limit is ${MAX_URL_BYTES}. ${SHORTER_URL}`,
    });
  };
}
