import { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import type { Caller, Scope } from '../lib/tokens/caller.ts';
import { type FieldError, problem } from '../lib/problem.ts';
import { writeAnswer } from './http/answer.ts';
import { noteDenied } from './http/audit-trail.ts';
import { type Authenticator, authenticator, requirePerson, requireScope } from './auth/authenticate.ts';
import type { Endpoint } from './http/endpoint.ts';
import { jsonBodyReader } from './http/json-body.ts';
import { limitCaller, limitEndpoint } from './middleware/limits.ts';
import type { Services } from './http/handler-services.ts';
import { streamAuthenticator } from './auth/stream-authenticator.ts';

type Place = 'body' | 'query' | 'path';

const MAX_ERRORS = 20;
/** What anybody may make this process parse. */
const PUBLIC_BODY_KB = 16;
/** An endpoint without parameters refuses them too; health checks alone may carry what their caller likes. */
const NO_QUERY = z.strictObject({});

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

function parse(schema: z.ZodType | undefined, value: unknown, place: Place): unknown {
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

function handle(endpoint: Endpoint, services: Services, authenticate: Authenticator): Middleware {
  const open =
    endpoint.access === 'public' || (endpoint.publicMarket === true && services.config.PUBLIC_MARKET);
  const readBody = jsonBodyReader(
    endpoint.access === 'public'
      ? Math.min(PUBLIC_BODY_KB, services.config.BODY_LIMIT_KB)
      : services.config.BODY_LIMIT_KB,
  );
  const query = endpoint.query ?? (endpoint.tag === 'service' ? undefined : NO_QUERY);
  const who = endpoint.streamToken === true ? streamAuthenticator(services, authenticate) : authenticate;
  /** Whoever tries a door that is only for administrators is remembered. */
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
  return async function handleEndpoint(ctx) {
    ctx.state['route'] = endpoint.path;
    let caller: Caller | null = null;
    if (endpoint.access !== 'public' && endpoint.alsoOpenTo?.(ctx, services) !== true) {
      caller = open ? await who.ifPresent(ctx) : await who.required(ctx);
      if (caller !== null) {
        await limitCaller(ctx, services, caller);
        await allow(ctx, caller, endpoint.access);
      }
    }
    await limitEndpoint(ctx, services, endpoint, caller);
    const params: unknown = ctx['params'];
    const input = {
      params: parse(endpoint.params, params, 'path'),
      query: parse(query, queryOf(ctx), 'query'),
      body: endpoint.body === undefined ? undefined : parse(endpoint.body, await readBody(ctx), 'body'),
      caller,
      ctx,
    };
    const result = await endpoint.handler(input as never, services);
    if (ctx.respond === false) return;
    await writeAnswer(ctx, endpoint, result, { open, services });
  };
}

/** Answers for a path that is known, but not with this method. */
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

/** A router that knows the given endpoints; another method on a known path is 405 with `Allow`. */
export function mount(endpoints: readonly Endpoint[], services: Services): Middleware[] {
  // One spelling for each: with a slash too many, an empty id would be the whole collection, or what it belongs to.
  const router = new Router({ exclusive: false, strict: true, sensitive: true });
  const authenticate = authenticator(services);
  for (const endpoint of endpoints) {
    router[endpoint.method](endpoint.path, handle(endpoint, services, authenticate) as never);
  }
  return [router.routes() as unknown as Middleware, refuseMethod];
}
