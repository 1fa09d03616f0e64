import type { KeyObject } from 'node:crypto';
import jwt from 'koa-jwt';
import type { Context, Middleware } from 'koa';
import { isSessionAlive } from '../db/sessions.ts';
import type { Caller, Scope } from '../lib/caller.ts';
import { Problem, problem } from '../lib/problem.ts';
import { callerOf, TOKEN_ALGORITHM, TOKEN_AUDIENCE, TOKEN_ISSUER } from '../lib/token.ts';
import type { Services } from './services.ts';

/** The cookie a browser's EventSource sends. It only ever authorises reading, so a forged form post gains nothing. */
export const ACCESS_COOKIE = 'marktide_access';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

function presentedToken(ctx: Context): string | null {
  const header = ctx.get('Authorization');
  if (header !== '') return BEARER.exec(header)?.[1] ?? null;
  const reads = ctx.method === 'GET' || ctx.method === 'HEAD';
  return reads ? (ctx.cookies.get(ACCESS_COOKIE) ?? null) : null;
}

function verification(key: KeyObject): Middleware {
  return jwt({
    secret: key as unknown as string,
    algorithms: [TOKEN_ALGORITHM],
    audience: TOKEN_AUDIENCE,
    issuer: TOKEN_ISSUER,
    key: 'claims',
    // The header goes before the cookie, so that a caller is who it says it is.
    getToken: (ctx) => presentedToken(ctx as Context) ?? '',
  }) as unknown as Middleware;
}

export interface Authenticator {
  /** @throws the 401 that says why not */
  required(ctx: Context): Promise<Caller>;
  /**
   * For what anybody may read: a token in the header must be good, but a stale cookie, which the browser sends unasked,
   * is as none.
   */
  ifPresent(ctx: Context): Promise<Caller | null>;
}

/** RFC 6750: a token was sent, and is no good. */
const INVALID_TOKEN = { 'WWW-Authenticate': 'Bearer realm="marktide", error="invalid_token"' };

/** Finds out who asks. */
export function authenticator(services: Services): Authenticator {
  const verify = verification(services.tokenKey);

  async function required(ctx: Context): Promise<Caller> {
    if (presentedToken(ctx) === null) throw problem('unauthorized');
    // koa-jwt would take a secret that stands here before the one it was given.
    delete ctx.state['secret'];
    try {
      await verify(ctx, () => Promise.resolve());
    } catch (error) {
      const cause = error instanceof Error && 'originalError' in error ? error.originalError : error;
      if (cause instanceof Error && cause.name === 'TokenExpiredError')
        throw problem('token-expired', { headers: INVALID_TOKEN, cause: error });
      throw refusal('The access token is not valid.', error);
    }
    const caller = callerOf(ctx.state['claims']);
    if (caller === null) throw refusal('The access token is not valid.');
    if (!(await isSessionAlive(services.db, caller.sessionId, { clock: services.clock }))) {
      throw refusal('The session has ended.');
    }
    return caller;
  }

  return {
    required,
    async ifPresent(ctx) {
      if (ctx.get('Authorization') !== '') return required(ctx);
      if (presentedToken(ctx) === null) return null;
      try {
        return await required(ctx);
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
  };
}

function refusal(detail: string, cause?: unknown): Problem {
  return problem('unauthorized', { detail, headers: INVALID_TOKEN, cause });
}

/** @throws the 403 that names the missing scope */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope)) throw problem('forbidden', { detail: `The scope ${scope} is needed.` });
}
