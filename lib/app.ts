import cors from '@koa/cors';
import Koa, { type Middleware } from 'koa';
import helmet from 'koa-helmet';
import { isUnavailable } from '../db/unavailable.ts';
import { docsPage } from '../openapi/docs-page.ts';
import { openApiDocument } from '../openapi/document.ts';
import { ENDPOINTS } from '../routes/endpoints.ts';
import { mount } from '../routes/mount.ts';
import type { Services } from '../routes/services.ts';
import { BrokerUnavailableError } from '../streams/broker.ts';
import { compression } from './compression.ts';
import { conditional, entityTag } from './conditional.ts';
import { problemHandler } from './problem-handler.ts';
import { onlyReads } from './read-only.ts';
import { requestLog } from './request-log.ts';
import { VERSION } from './package-info.ts';
import { page } from './page.ts';

/** The whole life of a request, from top to bottom. */
export function createApp(services: Services): Koa {
  const { config, logger, clock } = services;
  // Of `X-Forwarded-For` only the last address was written by our proxy; those before it are what the client claims.
  const app = new Koa({ proxy: config.TRUST_PROXY, maxIpsCount: 1 });
  // What gets here was thrown after the response had begun, or by a socket that broke.
  app.on('error', (error: unknown) => logger.debug({ err: error }, 'response failed'));

  app.use(requestLog(logger, clock));
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
      // Behind a proxy it is the proxy that knows whether there is TLS.
      strictTransportSecurity: false,
    }) as unknown as Middleware,
  );
  app.use(problemHandler(logger, (error) => error instanceof BrokerUnavailableError || isUnavailable(error)));
  app.use(
    cors({
      origin: (ctx) => (config.CORS_ORIGINS.includes(ctx.get('Origin')) ? ctx.get('Origin') : ''),
      credentials: true,
      exposeHeaders: ['X-Request-Id', 'Retry-After', 'ETag'],
      maxAge: 600,
    }) as unknown as Middleware,
  );
  app.use(compression());
  app.use(conditional());
  app.use(docsPage());
  app.use(openApi());
  for (const middleware of mount(ENDPOINTS, services)) app.use(middleware);
  // Last, so that no call of the API looks for a file first.
  app.use(page(clock));
  return app;
}

/** The document, made when somebody asks for it: a start need not wait for that. */
function openApi(): Middleware {
  let made: { document: string; tag: string } | undefined;
  return onlyReads(
    ({ path }) => path === '/openapi.json',
    (ctx) => {
      if (made === undefined) {
        const document = JSON.stringify(openApiDocument(ENDPOINTS, VERSION));
        made = { document, tag: entityTag(document) };
      }
      const { document, tag } = made;
      ctx.type = 'application/json';
      ctx.set({ 'Cache-Control': 'public, no-cache', ETag: tag });
      ctx.body = document;
      return Promise.resolve();
    },
  );
}
