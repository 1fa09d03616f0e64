import type { Context, Middleware } from 'koa';
import { withoutParameters } from '../../lib/text/accept.ts';
import { headOf } from '../../streams/transports/response-connection.ts';
import type { Services } from '../http/handler-services.ts';

const EVENT_STREAM = 'text/event-stream';
/** What goes by with time. */
const TEMPORARY: Record<number, string> = { 429: 'rate-limited', 503: 'unavailable' };

/**
 * An `EventSource` that is answered with an error status is dead for good, so a refusal that goes by with time is told
 * to it as a stream that says why, when to come back, and ends. It is known by asking for nothing but an event stream;
 * whoever takes anything (`curl`, scripts) gets the problem as it is.
 */
export function keepEventSource({ hub }: Pick<Services, 'hub'>): Middleware {
  return async function keepSource(ctx, next) {
    await next();
    const code = TEMPORARY[ctx.status];
    if (code === undefined || ctx.respond === false || !isEventSource(ctx)) return;
    const { title, detail } = ctx.body as { title: string; detail?: string };
    const wait = Number(ctx.response.get('Retry-After') || 0) * 1_000 + hub.retryMs();
    ctx.remove('Retry-After');
    ctx.status = 200;
    ctx.set(headOf(EVENT_STREAM));
    ctx.body = `retry:${wait}\n\nevent:notice\ndata:${JSON.stringify({ code, detail: detail ?? title })}\n\n`;
  };
}

function isEventSource(ctx: Context): boolean {
  return ctx.method === 'GET' && withoutParameters(ctx.get('Accept')).trim().toLowerCase() === EVENT_STREAM;
}
