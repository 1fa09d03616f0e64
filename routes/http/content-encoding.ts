import type { Context } from 'koa';
import { problem } from '../../lib/problem.ts';

/**
 * Request bodies are not compressed: a few kilobytes could be inflated to many megabytes.
 * @throws Problem 415
 */
export function refuseEncoding(ctx: Context): void {
  if (/^(identity)?$/i.test(ctx.get('Content-Encoding').trim())) return;
  throw problem('unsupported-media-type', {
    detail: 'The body must not be compressed. Send it without Content-Encoding.',
    // RFC 9110, section 15.5.16: what would be accepted.
    headers: { 'Accept-Encoding': 'identity' },
  });
}
