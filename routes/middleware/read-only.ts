import type { Context, Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';

/**
 * What can only be read: answers GET and HEAD by a middleware, OPTIONS by what is allowed, and refuses all else.
 * @param isHere whether it is this resource that is asked for; if not, the next one is asked
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
