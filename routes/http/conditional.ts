import { hash } from 'node:crypto';
import type { Context, Middleware } from 'koa';

const TAG = /(?:W\/)?"[^"]*"/g;

/**
 * A weak entity tag of a text: a compressed body means the same, but is not the same byte by byte.
 */
export function entityTag(text: string): string {
  return `W/"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
}

/**
 * Whether the client already has the answer with this tag (`If-None-Match`, RFC 9110, 13.1.2). `Cache-Control:
 * no-cache` is no reason to say no: `fetch` adds it to every request with that header, and the answer is up to date
 * either way.
 */
export function isKnown(ctx: Context, tag: string): boolean {
  const given = ctx.get('If-None-Match').trim();
  if (given === '') return false;
  if (given === '*') return true;
  const bare = tag.replace(/^W\//, '');
  return given.match(TAG)?.some((each) => each.replace(/^W\//, '') === bare) ?? false;
}

function isUnmodified(ctx: Context): boolean {
  const modified = Date.parse(String(ctx.res.getHeader('Last-Modified')));
  return modified <= Date.parse(ctx.get('If-Modified-Since'));
}

/** Turns a 200 into a 304 if the client already has the body. */
export function conditional(): Middleware {
  return async function answerConditionally(ctx, next) {
    await next();
    if (ctx.status !== 200 || ctx.respond === false || ctx.headerSent) return;
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return;
    const tag = ctx.res.getHeader('ETag');
    // `If-None-Match` takes precedence over dates.
    const fresh =
      ctx.get('If-None-Match') === '' ? isUnmodified(ctx) : typeof tag === 'string' && isKnown(ctx, tag);
    if (!fresh) return;
    ctx.status = 304;
    ctx.body = null;
  };
}
