import { Router } from '@koa/router';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import type { Caller, Scope } from '../lib/tokens/caller.ts';
import { problem } from '../lib/problem.ts';
import { writeAnswer } from './http/answer.ts';
import { noteDenied } from './http/audit-trail.ts';
import { type Authenticator, authenticator, requirePerson, requireScope } from './auth/authenticate.ts';
import { BATCH_PARTS } from './http/batch.ts';
import { isCsv } from './http/csv-body.ts';
import { BODY_LIMIT_KB, type Endpoint } from './http/endpoint.ts';
import { type JsonBodyLimits, jsonBodyReader } from './http/json-body.ts';
import { parseBatch, parseInput } from './http/parse-input.ts';
import { announcesBody } from './http/request-body.ts';
import { limitCaller, limitEndpoint } from './middleware/limits.ts';
import type { Services } from './http/handler-services.ts';
import { streamAuthenticator } from './auth/stream-authenticator.ts';

/** An endpoint without parameters refuses them; only health checks accept any. */
const NO_QUERY = z.strictObject({});

function limitsOf({ batch, bodyLimitKb }: Endpoint, services: Services): JsonBodyLimits {
  const kb = batch === undefined ? (bodyLimitKb ?? BODY_LIMIT_KB) : services.config.BODY_LIMIT_KB;
  return { kb, parts: Math.min(256 * kb, BATCH_PARTS) };
}

/** A repeated query parameter is as ambiguous as an unknown one. */
function queryOf(ctx: Context): Record<string, unknown> {
  return { ...ctx.query };
}

function handle(endpoint: Endpoint, services: Services, authenticate: Authenticator): Middleware {
  const open =
    endpoint.access === 'public' || (endpoint.publicMarket === true && services.config.PUBLIC_MARKET);
  const readJson = jsonBodyReader(limitsOf(endpoint, services));
  const readBody = async (ctx: Context, given: unknown): Promise<unknown> => {
    if (endpoint.body === undefined) return undefined;
    if (endpoint.readCsv !== undefined && isCsv(ctx))
      return await endpoint.readCsv({ ctx, query: given }, services);
    const value = await readJson(ctx);
    return endpoint.batch === undefined
      ? parseInput(endpoint.body, value, 'body')
      : await parseBatch(endpoint.body, endpoint.batch, value);
  };
  const query = endpoint.query ?? (endpoint.tag === 'service' ? undefined : NO_QUERY);
  const who = endpoint.streamToken === true ? streamAuthenticator(services, authenticate) : authenticate;
  /** Attempts at endpoints for administrators are recorded. */
  const allow = async (ctx: Context, by: Caller, scope: Scope): Promise<void> => {
    try {
      requirePerson(by, endpoint);
      requireScope(by, scope);
    } catch (error) {
      if (scope === 'admin') {
        await noteDenied(ctx, services, { actorId: by.userId, userId: by.userId, endpoint: endpoint.id });
      }
      throw error;
    }
  };
  const takesOverSocket = endpoint.produces === 'stream' || endpoint.status === 101;
  return async function handleEndpoint(ctx) {
    ctx.state['route'] = endpoint.path;
    // The body of a request that became a stream is never read.
    if (takesOverSocket && announcesBody(ctx.req)) {
      throw problem('invalid-request', {
        detail: 'A stream takes no request body: send the request without one.',
      });
    }
    let caller: Caller | null = null;
    if (endpoint.access !== 'public' && endpoint.alsoOpenTo?.(ctx, services) !== true) {
      caller = open ? await who.ifPresent(ctx) : await who.required(ctx);
      if (caller !== null) {
        await limitCaller(ctx, services, caller);
        await allow(ctx, caller, endpoint.access);
      }
    }
    await limitEndpoint(ctx, services, endpoint, caller);
    const params = parseInput(endpoint.params, ctx['params'], 'path');
    const asked = parseInput(query, queryOf(ctx), 'query');
    const input = {
      params,
      query: asked,
      body: await readBody(ctx, asked),
      caller,
      ctx,
    };
    // Parsed by the endpoint's own schemas, so it has the types that `endpoint` erased.
    const result = await endpoint.handler(input as never, services);
    if (ctx.respond === false) return;
    await writeAnswer(ctx, endpoint, result, { open, services });
  };
}

/** Answers requests for a known path with another method. */
const refuseMethod: Middleware = (ctx, next) => {
  const matched = ctx['matched'] as { methods: string[] }[] | undefined;
  const methods = new Set(matched?.flatMap((layer) => layer.methods));
  if (methods.size === 0) return next();
  const allow = [...methods, 'OPTIONS'].sort().join(', ');
  if (ctx.method !== 'OPTIONS') throw problem('method-not-allowed', { headers: { Allow: allow } });
  ctx.set('Allow', allow);
  ctx.status = 204;
  return Promise.resolve();
};

/** Adds a router that knows the given endpoints; another method on a known path is 405 with `Allow`. */
export function mount(app: Koa, endpoints: readonly Endpoint[], services: Services): void {
  // One spelling for each path: with a trailing slash, an empty id would name the whole collection, or its owner.
  const router = new Router({ exclusive: false, strict: true, sensitive: true });
  const authenticate = authenticator(services);
  for (const endpoint of endpoints) {
    router[endpoint.method](endpoint.path, handle(endpoint, services, authenticate));
  }
  app.use(router.routes()).use(refuseMethod);
}
