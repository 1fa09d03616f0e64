import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { z } from 'zod';
import type { Caller } from '../lib/caller.ts';
import { type FieldError, problem } from '../lib/problem.ts';
import { authenticator, requireScope } from './authenticate.ts';
import { type Endpoint, Reply } from './endpoint.ts';
import type { Services } from './services.ts';

type Place = 'body' | 'query' | 'path';

const MAX_ERRORS = 20;

function escapePointer(key: PropertyKey): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * Of a body that may be one of several shapes, the shape that was meant: the one that knows most of its fields. Without
 * this the caller would only learn that nothing fits.
 */
function meantBy(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const [only] = issues;
  if (issues.length !== 1 || only?.code !== 'invalid_union' || only.path.length > 0) return issues;
  const unknownKeys = (branch: readonly z.core.$ZodIssue[]): number =>
    branch.reduce(
      (sum, issue) =>
        sum + (issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys.length : 0),
      0,
    );
  const [best] = [...only.errors].sort((a, b) => unknownKeys(a) - unknownKeys(b));
  return best ?? issues;
}

function fieldErrors(issues: readonly z.core.$ZodIssue[], place: Place): FieldError[] {
  return issues.slice(0, MAX_ERRORS).flatMap((issue): FieldError[] => {
    const paths =
      issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const detail = issue.code === 'unrecognized_keys' ? 'is not a known field' : issue.message;
    return paths.slice(0, MAX_ERRORS).map((path) =>
      place === 'body'
        ? {
            pointer: path
              .map((key) => `/${escapePointer(key)}`)
              .join('')
              .slice(0, 200),
            detail,
          }
        : { parameter: String(path[0] ?? '').slice(0, 100), detail },
    );
  });
}

function parse<T extends z.ZodType>(schema: T | undefined, value: unknown, place: Place): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // A path that cannot name a resource is a resource that is not there.
  if (place === 'path') throw problem('not-found');
  const errors = fieldErrors(meantBy(parsed.error.issues), place);
  const names = errors.map((error) => error.pointer ?? error.parameter).join(', ');
  throw problem('invalid-request', {
    detail: `${place === 'body' ? 'Body' : 'Query'}: ${names || 'not usable'}`,
    errors,
  });
}

/** A repeated query parameter is as ambiguous as an unknown one. */
function queryOf(ctx: Context): Record<string, unknown> {
  return { ...ctx.query };
}

function handle(
  endpoint: Endpoint,
  services: Services,
  authenticate: (ctx: Context) => Promise<Caller>,
): Middleware {
  const open =
    endpoint.access === 'public' || (endpoint.publicMarket === true && services.config.PUBLIC_MARKET);
  return async function handleEndpoint(ctx) {
    let caller: Caller | null = null;
    if (endpoint.access !== 'public' && (!open || ctx.get('Authorization') !== '')) {
      caller = await authenticate(ctx);
      requireScope(caller, endpoint.access);
    }
    const params: unknown = ctx['params'];
    const body: unknown = ctx.request.body;
    const input = {
      params: parse(endpoint.params, params, 'path'),
      query: parse(endpoint.query, queryOf(ctx), 'query'),
      body: parse(endpoint.body, body, 'body'),
      caller,
      ctx,
    };
    const result = await endpoint.handler(input as never, services);
    if (ctx.respond === false) return;
    const reply = result instanceof Reply ? result : new Reply(result);
    ctx.status = reply.status ?? endpoint.status;
    ctx.set({ 'Cache-Control': 'private, no-cache', ...reply.headers });
    if (endpoint.response === null) ctx.body = null;
    else if (endpoint.produces === 'text') ctx.body = reply.body;
    else ctx.body = endpoint.response.parse(reply.body);
  };
}

/** A router that knows the given endpoints; another method on a known path is 405 with `Allow`. */
export function mount(endpoints: readonly Endpoint[], services: Services): Middleware[] {
  const router = new Router({ exclusive: false });
  const authenticate = authenticator(services);
  for (const endpoint of endpoints) {
    router[endpoint.method](endpoint.path, handle(endpoint, services, authenticate) as never);
  }
  return [router.routes() as unknown as Middleware, router.allowedMethods() as unknown as Middleware];
}
