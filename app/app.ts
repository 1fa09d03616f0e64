import cors from '@koa/cors';
import Koa from 'koa';
import helmet from 'koa-helmet';
import { isCancelled, isLocked } from '../db/connection/time-limit.ts';
import { isUnavailable } from '../db/connection/unavailable.ts';
import { docsPage } from '../openapi/docs-page.ts';
import { API } from '../openapi/documents.ts';
import { underBasePath } from '../routes/middleware/base-path.ts';
import { allowHosts } from '../routes/middleware/allowed-hosts.ts';
import { keepEventSource } from '../routes/middleware/keep-event-source.ts';
import { limitAddresses } from '../routes/middleware/limits.ts';
import { mount } from '../routes/mount.ts';
import type { Services } from '../routes/http/handler-services.ts';
import { BrokerUnavailableError } from '../streams/core/broker.ts';
import { bodyTimeout } from '../routes/http/body-timeout.ts';
import { compression } from '../routes/middleware/compression.ts';
import { conditional } from '../routes/http/conditional.ts';
import { problemHandler } from '../routes/middleware/problem-handler.ts';
import { limitUrl } from '../routes/middleware/url-limit.ts';
import { requestMetrics } from '../routes/middleware/request-metrics.ts';
import { refuseAmbiguousHeads } from '../routes/middleware/request-head.ts';
import { requestLog } from '../routes/middleware/request-log.ts';
import { page } from './web-page.ts';
import { warnOfUnexpectedProxy } from '../routes/middleware/unexpected-proxy.ts';
import { endUnreadBodies } from '../routes/middleware/unread-body.ts';

/** The life of a request, from top to bottom. */
export function createApp(services: Services): Koa {
  const { config, logger, clock } = services;
  // Of `X-Forwarded-For` only the last addresses were written by our proxies; those before are what the client claims.
  const app = new Koa({ proxy: config.TRUST_PROXY > 0, maxIpsCount: config.TRUST_PROXY });
  // Errors after the response has begun, and of broken sockets.
  app.on('error', (error: unknown) => logger.debug({ err: error }, 'response failed'));

  app.use(endUnreadBodies(clock));
  // Outside log and metrics, which record the original status.
  app.use(keepEventSource(services));
  app.use(requestLog(logger, clock));
  if (config.TRUST_PROXY === 0) app.use(warnOfUnexpectedProxy(logger, clock));
  app.use(requestMetrics(services.metrics, clock));
  app.use(bodyTimeout(clock, config.REQUEST_TIMEOUT_MS));
  app.use(
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          objectSrc: ["'none'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
          formAction: ["'self'"],
        },
      },
      // Event streams are meant to be read from the allowed origins.
      crossOriginResourcePolicy: { policy: 'cross-origin' },
      // Behind a proxy, only the proxy knows whether there is TLS.
      strictTransportSecurity: false,
    }),
  );
  app.use(
    problemHandler(logger, clock, {
      isUnavailable: (error) => error instanceof BrokerUnavailableError || isUnavailable(error),
      isCancelled,
      isLocked,
    }),
  );
  app.use(refuseAmbiguousHeads());
  app.use(underBasePath(config.BASE_PATH));
  app.use(allowHosts(config, API));
  app.use(
    cors({
      origin: (ctx) => (config.CORS_ORIGINS.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
      credentials: true,
      exposeHeaders: [
        'X-Request-Id',
        'traceresponse',
        'Retry-After',
        'RateLimit',
        'RateLimit-Policy',
        'ETag',
        'X-Cache',
      ],
      maxAge: 600,
    }),
  );
  app.use(limitAddresses(API, services));
  app.use(limitUrl());
  app.use(compression());
  app.use(conditional());
  app.use(docsPage());
  mount(app, API, services);
  // Last, so that no API request looks for a file first.
  app.use(page());
  return app;
}
