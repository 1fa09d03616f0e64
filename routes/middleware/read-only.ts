import type { Context, Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';

/**
 * A read-only resource: GET and HEAD are answered by a middleware, OPTIONS with the allowed methods, all others with
 * 405.
 * @param isHere whether the request is for this resource; otherwise the next middleware handles it
 */
export function onlyReads(
  isHere: (ctx: Context) => boolean | Promise<boolean>,
  answer: Middleware,
): Middleware {
  return async function answerReads(ctx, next) {
    if (!(await isHere(ctx))) return next();
    if (ctx.method === 'GET' || ctx.method === 'HEAD') return answer(ctx, next);
    if (ctx.method !== 'OPTIONS') throw problem('method-not-allowed', { headers: { Allow: 'GET, HEAD' } });
    ctx.set('Allow', 'GET, HEAD, OPTIONS');
    ctx.status = 204;
    return undefined;
  };
}
