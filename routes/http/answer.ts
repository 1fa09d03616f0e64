import type { Context } from 'koa';
import { entityTag, isKnown } from './conditional.ts';
import { tagOfBasis } from './answer-tag.ts';
import { answerText } from './answer-text.ts';
import { Conditional, type Endpoint, Cached, Reply } from './endpoint.ts';
import { cachedReply } from './cached-reply.ts';
import type { Services } from './handler-services.ts';

/** Headers that an answer depends on: no cache may give it to another user. */
const CREDENTIALS = 'Authorization, Cookie, X-API-Key';

/** @param open whether the answer is public */
function cacheControl({ method, tag, keep }: Endpoint, open: boolean): string {
  const how = keep ?? (method === 'get' && tag !== 'auth' ? 'revalidate' : 'never');
  if (how === 'never') return 'no-store';
  const whose = open ? 'public' : 'private';
  return how === 'revalidate' ? `${whose}, no-cache` : `${whose}, max-age=${how.seconds}`;
}

/**
 * Writes the result of a handler: status, headers and body as the endpoint declares them. Every JSON answer to a read
 * has an entity tag. An answer with a basis is not computed for a client that already has it.
 */
export async function writeAnswer(
  ctx: Context,
  endpoint: Endpoint,
  result: unknown,
  { open, services }: { open: boolean; services: Services },
): Promise<void> {
  const isRead = endpoint.method === 'get';
  const reply = result instanceof Reply ? result : null;
  ctx.status = reply?.status ?? endpoint.status;
  ctx.set({ 'Cache-Control': cacheControl(endpoint, open), ...reply?.headers });
  if (!open) ctx.vary(CREDENTIALS);
  if (result instanceof Cached) {
    await cachedReply(ctx, endpoint, result, services);
    return;
  }
  let body: unknown = reply === null ? result : reply.body;
  if (result instanceof Conditional) {
    const tag = tagOfBasis(result.basis, services.timeline.name);
    const known = isKnown(ctx, tag);
    if (!known) body = await result.make();
    // Only once it is computed: an error has no tag.
    ctx.set('ETag', tag);
    if (known) {
      ctx.status = 304;
      return;
    }
  }
  if (endpoint.response === null) {
    ctx.body = null;
    return;
  }
  if (endpoint.produces === 'text' || endpoint.produces === 'csv') {
    if (endpoint.produces === 'csv') ctx.type = 'csv';
    if (isRead && endpoint.produces === 'csv' && typeof body === 'string' && !ctx.res.hasHeader('ETag')) {
      ctx.set('ETag', entityTag(body));
    }
    ctx.body = body;
    return;
  }
  const { text, tag } = await answerText(endpoint.response, body, endpoint.untagged);
  if (isRead && ctx.status === 200 && !ctx.res.hasHeader('ETag')) ctx.set('ETag', tag);
  // Nothing is compressed together with secrets: the length would reveal them.
  if (endpoint.tag === 'auth') ctx.compress = false;
  ctx.type = 'json';
  ctx.body = text;
}
