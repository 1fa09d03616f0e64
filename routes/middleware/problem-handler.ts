import type { Middleware } from 'koa';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { causeOf, RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { Problem, type ProblemSlug, problem } from '../../lib/problem.ts';

/** Problems for the statuses that libraries throw. Their messages may quote the request, so they are not passed on. */
const BY_STATUS: Record<number, ProblemSlug> = {
  401: 'unauthorized',
  // A forbidden file is answered like one that does not exist.
  403: 'not-found',
  404: 'not-found',
  405: 'method-not-allowed',
  406: 'not-acceptable',
  408: 'request-timeout',
  413: 'payload-too-large',
  415: 'unsupported-media-type',
};

function statusOf(error: unknown): number {
  const status: unknown = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' ? status : 500;
}

/** How to recognise errors of the lower floors. */
export interface ErrorKinds {
  isUnavailable: (error: unknown) => boolean;
  /** The database cancelled a statement that took too long. */
  isCancelled: (error: unknown) => boolean;
  /** Another change held the lock for too long. */
  isLocked: (error: unknown) => boolean;
}

function toProblem(error: unknown, { isUnavailable, isCancelled, isLocked }: ErrorKinds): Problem {
  if (error instanceof Problem) return error;
  if (isCancelled(error)) {
    return problem('unavailable', {
      detail:
        'The database took too long for this (STATEMENT_TIMEOUT_MS). Try again later, or ask for less at once: a shorter span or a narrower filter.',
      headers: { 'Retry-After': '30' },
      cause: error,
    });
  }
  if (isLocked(error)) {
    return problem('unavailable', {
      detail:
        'Another request is still changing the same portfolio or user. Nothing was changed; try again later.',
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  }
  if (isUnavailable(error)) {
    return problem('unavailable', {
      detail: 'A server that this one depends on cannot be reached. Try again later.',
      headers: { 'Retry-After': '2' },
      cause: error,
    });
  }
  const status = statusOf(error);
  const otherwise = status >= 400 && status < 500 ? 'invalid-request' : 'internal-error';
  return problem(BY_STATUS[status] ?? otherwise, { cause: error });
}

/** The kind of what was behind an error. */
function rootOf(error: unknown): string {
  let root = error;
  for (let depth = 0; depth < 10 && root instanceof Error && root.cause instanceof Error; depth += 1)
    root = root.cause;
  const code = root instanceof Error && 'code' in root ? String(root.code) : '';
  return `${causeOf(root)} ${code}`;
}

/** Turns every error, and every request that no route answered, into `application/problem+json`. */
export function problemHandler(logger: Logger, clock: Clock, kinds: ErrorKinds): Middleware {
  const repeated = new RepeatedLog(logger, clock);
  return async function handleProblems(ctx, next) {
    const path: unknown = ctx.state['path'];
    try {
      if (path === null) throw problem('invalid-request', { detail: 'The request target must be a URL.' });
      await next();
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false) throw problem('not-found');
    } catch (error) {
      const requestId = String(ctx.state['requestId'] ?? '');
      const found = toProblem(error, kinds);
      const about = { err: error, requestId, traceId: ctx.state['traceId'] as unknown, path };
      // In an outage every request has the same cause; the log of requests has the status of each.
      if (found.status === 503) repeated.error(about, found.title, rootOf(error));
      else if (found.status >= 500) logger.error(about, found.title);
      if (ctx.res.headersSent) {
        // Too late for a problem: only a broken connection shows that the response is incomplete.
        ctx.res.destroy();
        return;
      }
      ctx.status = found.status;
      if (found.status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="marktide"');
      // The headers of a problem in another language say so.
      ctx.set('Content-Language', 'en');
      ctx.set(found.headers);
      ctx.set('Cache-Control', 'no-store');
      ctx.body = found.toBody(requestId);
      ctx.type = 'application/problem+json';
    }
  };
}
