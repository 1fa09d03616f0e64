import { parse } from '@hapi/bourne';
import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { askForBody } from './expect-continue.ts';
import { exceededBound, type JsonBounds } from './json-bounds.ts';
import { problem } from '../../lib/problem.ts';
import { announcesBody } from './request-body.ts';
import { refuseEncoding } from './content-encoding.ts';

/** What a decoder puts in place of bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD';

/** Twice the depth of any body of the API. */
const DEPTH = 8;

/** The first character that is not whitespace must begin an object or an array. */
const STRUCTURE = /^[\x20\t\n\r]*[[{]/;

export interface JsonBodyLimits {
  kb: number;
  /** Values and keys together. */
  parts: number;
}

/**
 * Reads a JSON body: `(ctx) => unknown`. Called after authentication, so that nothing large is parsed without a
 * credential. The text is measured before it is parsed.
 * @throws Problem 400, 413 or 415, without any part of the body, which may be a password
 */
export function jsonBodyReader({ kb, parts }: JsonBodyLimits): (ctx: Context) => Promise<unknown> {
  const readText = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/json', '+json'] },
    textLimit: `${kb}kb`,
    onError: (error) => {
      throw error;
    },
  });

  return async function readJsonBody(ctx) {
    if (!announcesBody(ctx.req)) return {};
    if (ctx.is('application/json', '+json') === false) throw problem('unsupported-media-type');
    // The parser reads everything as UTF-8, whatever the charset says.
    if (!/^(utf-?8|us-ascii)?$/i.test(ctx.request.charset)) throw problem('unsupported-media-type');
    refuseEncoding(ctx);
    // `identity` in any letter case; the parser knows only one spelling.
    delete ctx.req.headers['content-encoding'];
    askForBody(ctx.req);
    try {
      await readText(ctx, () => Promise.resolve());
    } catch (error) {
      throw bodyProblem(error, kb);
    }
    const { rawBody } = ctx.request;
    return typeof rawBody === 'string' ? valueOf(rawBody, { depth: DEPTH, parts }) : {};
  };
}

function valueOf(text: string, bounds: JsonBounds): unknown {
  if (text === '') return {};
  if (text.includes(REPLACEMENT)) {
    throw problem('malformed-json', { detail: 'The body must be valid UTF-8.' });
  }
  if (!STRUCTURE.test(text)) {
    throw problem('malformed-json', { detail: 'The body must be an object or an array.' });
  }
  const exceeded = exceededBound(text, bounds);
  if (exceeded === 'depth') {
    throw problem('invalid-request', {
      detail: `The body must not be nested more than ${bounds.depth} levels deep.`,
    });
  }
  if (exceeded === 'parts') {
    throw problem('payload-too-large', {
      detail: `The body has more than ${bounds.parts} keys and values. Send it in several requests.`,
    });
  }
  try {
    return parse(text);
  } catch (error) {
    // The parser's message quotes the text.
    if (error instanceof SyntaxError) throw problem('malformed-json', { detail: syntaxDetail(error) });
    throw error;
  }
}

function bodyProblem(error: unknown, limitKb: number): unknown {
  if (!(error instanceof Error)) return error;
  const status = 'status' in error ? error.status : undefined;
  if (status === 413)
    return problem('payload-too-large', { detail: `The limit is ${limitKb} KiB. Send less at once.` });
  if (status === 400)
    return problem('malformed-json', { detail: 'The body did not arrive completely. Send it again.' });
  return error;
}

function syntaxDetail({ message }: SyntaxError): string | undefined {
  if (message.includes('forbidden prototype property')) return 'A key of it is not allowed.';
  const position = / at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : `It fails at character ${position}.`;
}
