import type { Middleware } from 'koa';
import type { Logger } from './log.ts';
import { Problem, type ProblemSlug, problem } from './problem.ts';

/** What the libraries below throw, in our own words. Their messages may quote the request: none is passed on. */
const BY_STATUS: Record<number, ProblemSlug> = {
  400: 'malformed-json',
  401: 'unauthorized',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

function statusOf(error: unknown): number {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : 500;
}

function toProblem(error: unknown, isUnavailable: (error: unknown) => boolean): Problem {
  if (error instanceof Problem) return error;
  if (isUnavailable(error)) {
    return problem('unavailable', {
      detail: 'A server this depends on cannot be reached.',
      headers: { 'Retry-After': '2' },
      cause: error,
    });
  }
  return problem(BY_STATUS[statusOf(error)] ?? 'internal-error', { cause: error });
}

/** Turns everything thrown below, and a request nobody answered, into `application/problem+json`. */
export function problemHandler(logger: Logger, isUnavailable: (error: unknown) => boolean): Middleware {
  return async function handleProblems(ctx, next) {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false) throw problem('not-found');
      if (ctx.status === 405 && !ctx.body) throw problem('method-not-allowed');
    } catch (error) {
      const requestId = String(ctx.state['requestId'] ?? '');
      const found = toProblem(error, isUnavailable);
      if (found.status >= 500) logger.error({ err: error, requestId, path: ctx.path }, found.title);
      if (ctx.res.headersSent) {
        // Too late for words: cutting the response is the only honest sign that it is not whole.
        ctx.res.destroy();
        return;
      }
      ctx.status = found.status;
      ctx.set(found.headers);
      if (found.status === 401) {
        ctx.set(
          'WWW-Authenticate',
          `Bearer realm="marktide"${found.slug === 'token-expired' ? ', error="invalid_token"' : ''}`,
        );
      }
      ctx.set('Cache-Control', 'no-store');
      ctx.body = found.toBody(requestId);
      ctx.type = 'application/problem+json';
    }
  };
}
