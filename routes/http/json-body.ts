import { bodyParser } from '@koa/bodyparser';
import type { Context, Middleware } from 'koa';
import { problem } from '../../lib/problem.ts';

/** What a decoder puts in the place of bytes that are no UTF-8. */
const REPLACEMENT = '\uFFFD';

/**
 * Reads a JSON body: `(ctx) => unknown`. Called when it is known who asks, so that nobody has megabytes parsed without
 * a credential.
 * @throws Problem 400, 413 or 415; never with a piece of the body in it, which may be a password
 */
export function jsonBodyReader(limitKb: number): (ctx: Context) => Promise<unknown> {
  const parse = bodyParser({
    enableTypes: ['json'],
    // The media type is looked at below.
    detectJSON: () => true,
    jsonLimit: `${limitKb}kb`,
    jsonStrict: true,
    onError: (error) => {
      throw error;
    },
  }) as unknown as Middleware;

  return async function readJsonBody(ctx) {
    const hasBody = Number(ctx.get('Content-Length') || 0) > 0 || ctx.get('Transfer-Encoding') !== '';
    if (hasBody && ctx.is('application/json', '+json') === false) throw problem('unsupported-media-type');
    // The parser takes all for UTF-8, whatever it is called.
    if (hasBody && !/^(utf-?8|us-ascii)?$/i.test(ctx.request.charset))
      throw problem('unsupported-media-type');
    try {
      await parse(ctx, () => Promise.resolve());
    } catch (error) {
      throw bodyProblem(error, limitKb);
    }
    const { body, rawBody } = ctx.request;
    if (typeof rawBody === 'string' && rawBody.includes(REPLACEMENT)) {
      throw problem('malformed-json', { detail: 'The body is not valid UTF-8.' });
    }
    return body;
  };
}

function bodyProblem(error: unknown, limitKb: number): unknown {
  if (!(error instanceof Error)) return error;
  const status = 'status' in error ? error.status : undefined;
  // The parser hangs the whole body on its error: a `cause` would carry it into a log.
  if (status === 413) return problem('payload-too-large', { detail: `The limit is ${limitKb} KiB.` });
  if (status === 415) return problem('unsupported-media-type');
  if (error instanceof SyntaxError) return problem('malformed-json', { detail: syntaxDetail(error) });
  if ('code' in error && /^(Z_|ERR_BROTLI)/.test(String(error.code))) {
    return problem('malformed-json', { detail: 'The body cannot be decompressed.' });
  }
  if (status === 400) return problem('malformed-json', { detail: 'The body did not arrive whole.' });
  return error;
}

function syntaxDetail({ message }: SyntaxError): string | undefined {
  if (message.includes('forbidden prototype property')) return 'A key of it is not allowed.';
  const position = / at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : `It fails at character ${position}.`;
}
