import type { Middleware } from 'koa';
import { PROBE_PATHS } from '../../lib/http/probe-paths.ts';
import { problem } from '../../lib/problem.ts';

/**
 * Everything is under `base`: later middleware sees paths without it. The page refers to its files relative to a path
 * that ends with a slash, so the base alone is redirected there.
 */
export function underBasePath(base: string): Middleware {
  if (base === '') return (_ctx, next) => next();
  return async function takeBasePath(ctx, next) {
    const { path } = ctx;
    if (path === base && (ctx.method === 'GET' || ctx.method === 'HEAD')) {
      ctx.status = 307;
      ctx.set('Location', `${base}/${ctx.search}`);
      return;
    }
    if (path.startsWith(`${base}/`)) ctx.path = path.slice(base.length);
    else if (!PROBE_PATHS.has(path)) {
      throw problem('not-found', {
        detail: `This server is at ${base}/ (BASE_PATH). A proxy in front must pass the whole path on.`,
      });
    }
    try {
      await next();
    } finally {
      ctx.path = path;
    }
  };
}
