import { Stream } from 'node:stream';
import { constants } from 'node:zlib';
import compress from 'koa-compress';
import type { Middleware } from 'koa';

/**
 * What may be compressed: JSON, CSV and the files of pages. Never an event stream, whose events would wait in the
 * compressor.
 */
const COMPRESSIBLE =
  /^(?:application\/(?:(?:[\w.-]+\+)?json|(?:x-)?javascript|xml)|text\/(?:csv|html|css|plain|javascript)|image\/svg\+xml)$/i;

/** Smaller bodies gain nothing. */
const THRESHOLD_BYTES = 1024;

/** Brotli or gzip, as the client accepts. HEAD gets the headers that GET would get. */
export function compression(): Middleware {
  const compressBody = compress({
    threshold: THRESHOLD_BYTES,
    filter: (type) => COMPRESSIBLE.test(type),
    encodingPreference: ['br', 'gzip'],
    br: { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: 18 } },
    deflate: false,
    zstd: false,
  });
  return async function compressAnswer(ctx, next) {
    // koa-compress throws if the client accepts no encoding at all, not even `identity`.
    if (ctx.acceptsEncodings('br', 'gzip', 'identity') === false) ctx.compress = false;
    const isHead = ctx.method === 'HEAD';
    let plain: unknown;
    try {
      await compressBody(ctx, async () => {
        await next();
        plain = ctx.body;
        // koa-compress ignores HEAD. Node.js sends no body in any case.
        if (isHead) ctx.method = 'GET';
      });
    } finally {
      if (isHead) ctx.method = 'HEAD';
    }
    const { body } = ctx;
    if (!(plain instanceof Stream) || body === plain || !(body instanceof Stream.Duplex)) return;
    // A pipe does not forward errors: the client would wait for the rest forever.
    plain.once('error', (error: Error) => body.destroy(error));
  };
}
