import type { Context, Middleware } from 'koa';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Logger } from '../../lib/logging/log.ts';
import { formatTrace, traceOf } from './trace-context.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/**
 * Gives each request an id (the caller's `X-Request-Id` if it is valid) and a place in the caller's trace, and logs it
 * when it is answered. Only the path is logged: a query may hold a token.
 */
export function requestLog(logger: Logger, clock: Clock): Middleware {
  return async function logRequest(ctx, next) {
    const given = ctx.get('X-Request-Id');
    const requestId = REQUEST_ID.test(given) ? given : newId(clock);
    ctx.state['requestId'] = requestId;
    ctx.set('X-Request-Id', requestId);
    const trace = traceOf(ctx.get('traceparent'));
    ctx.state['traceId'] = trace.traceId;
    // As the editor's draft of the specification has it: the caller learns under which trace and span it is logged.
    ctx.set('traceresponse', formatTrace(trace));
    const path = pathOf(ctx);
    ctx.state['path'] = path;
    const start = clock.monotonic();
    await next();
    logger.info(
      {
        requestId,
        traceId: trace.traceId,
        spanId: trace.spanId,
        method: ctx.method,
        path,
        status: ctx.res.headersSent ? ctx.res.statusCode : ctx.status,
        ms: Math.round(clock.monotonic() - start),
      },
      'request',
    );
  };
}

/** `null` if the request target is not a URL, such as `http://[/`: reading it throws. */
function pathOf(ctx: Context): string | null {
  try {
    return ctx.path;
  } catch {
    return null;
  }
}
