import type { Middleware } from 'koa';
import { Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../../lib/clock.ts';

/**
 * Rate, errors and duration of requests by route: the template, never the path, so that the number of series is
 * bounded. Requests that no endpoint answered (pages, unknown paths, early refusals) are `other`. A stream is measured
 * until it is open.
 */
export function requestMetrics(registry: Registry, clock: Clock): Middleware {
  const registers = [registry];
  const duration = new Histogram({
    name: 'marktide_http_request_duration_seconds',
    help: 'Duration of requests by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const inFlight = new Gauge({
    name: 'marktide_http_requests_in_flight',
    help: 'Requests that have not been answered yet.',
    registers,
  });
  return async function measureRequest(ctx, next) {
    const start = clock.monotonic();
    inFlight.inc();
    try {
      await next();
    } finally {
      inFlight.dec();
      const route: unknown = ctx.state['route'];
      duration.observe(
        {
          method: METHODS.has(ctx.method) ? ctx.method : 'other',
          route: typeof route === 'string' ? route : 'other',
          status: ctx.res.headersSent ? ctx.res.statusCode : ctx.status,
        },
        (clock.monotonic() - start) / 1_000,
      );
    }
  };
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
