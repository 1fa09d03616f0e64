import type { Context, Middleware } from 'koa';
import { withoutParameters } from '../../lib/text/accept.ts';
import { sseWire } from '../../streams/transports/wires.ts';
import { streamHeaders } from '../../streams/transports/response-connection.ts';
import type { Services } from '../http/handler-services.ts';

const EVENT_STREAM = 'text/event-stream';
/** Temporary statuses, and the code of the notice for each. */
const TEMPORARY: Record<number, string> = { 429: 'rate-limited', 503: 'unavailable' };

/**
 * An `EventSource` never reconnects after an error status. So a temporary refusal becomes a stream that says why and
 * when to come back, and ends. A request that accepts only event streams counts as an `EventSource`; every other client
 * (`curl`, scripts) gets the problem.
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
    ctx.set(streamHeaders(EVENT_STREAM));
    ctx.body = sseWire.retry(wait) + sseWire.control('notice', { code, detail: detail ?? title }, null);
  };
}

function isEventSource(ctx: Context): boolean {
  return ctx.method === 'GET' && withoutParameters(ctx.get('Accept')).trim().toLowerCase() === EVENT_STREAM;
}
