import { errors } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import type { Context } from 'koa';
import { type Caller, ROLE_SCOPES, type Scope } from '../../lib/tokens/caller.ts';
import { Problem, problem } from '../../lib/problem.ts';
import { callerOf } from '../../lib/tokens/token.ts';
import { API_KEY_HEADER, callerOfApiKey } from './api-key-caller.ts';
import { ACCESS_COOKIE, writingCookie } from './cookies.ts';
import type { Endpoint } from '../http/endpoint.ts';
import type { Services } from '../http/handler-services.ts';
import { accessTokenVerification, type Verification } from './token-verification.ts';
import { VerifiedTokens } from './verified-tokens.ts';

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

function presentedToken(ctx: Context, services: Services): string | null {
  const header = ctx.get('Authorization');
  if (header !== '') return BEARER.exec(header)?.[1] ?? null;
  const reads = ctx.method === 'GET' || ctx.method === 'HEAD';
  return reads ? (ctx.cookies.get(ACCESS_COOKIE) ?? null) : writingCookie(ctx, ACCESS_COOKIE, services);
}

/** Whether a token is only expired, according to either library. */
function isExpiry(error: unknown): boolean {
  const cause = error instanceof Error && 'originalError' in error ? error.originalError : error;
  return cause instanceof errors.JWTExpired || (cause instanceof Error && cause.name === 'TokenExpiredError');
}

/** The key id in a token's header; `null` if it has none, or is not a token. */
function keyIdOf(token: string): string | null {
  try {
    const kid: unknown = jsonwebtoken.decode(token, { complete: true })?.header.kid;
    return typeof kid === 'string' ? kid : null;
  } catch {
    // The library parses the payload of anything that claims to be a JWT.
    return null;
  }
}

export interface Authenticator {
  /** @throws 401 */
  required(ctx: Context): Promise<Caller>;
  /**
   * For public endpoints: a token in the header must be valid, but an invalid cookie, which the browser sends by
   * itself, is ignored.
   */
  ifPresent(ctx: Context): Promise<Caller | null>;
}

/** RFC 6750: the token is not valid. */
const INVALID_TOKEN = { 'WWW-Authenticate': 'Bearer realm="marktide", error="invalid_token"' };

/** Authenticates requests. */
export function authenticator(services: Services): Authenticator {
  const { signing, verifying } = services.tokenKeys;
  const verifiers = new Map(verifying.map((key) => [key.kid, accessTokenVerification(key, services.clock)]));

  function verifierOf(token: string): Verification {
    // There is only one secret, so a token need not name it.
    const verify = verifiers.get(keyIdOf(token) ?? (signing.algorithm === 'HS256' ? signing.kid : ''));
    if (verify === undefined) throw refusal('The access token is not valid.');
    return verify;
  }

  const verified = new VerifiedTokens(services.clock);

  /** @throws 401 for an invalid token */
  async function bearerOf(ctx: Context, token: string): Promise<Caller> {
    const known = verified.callerOf(token);
    if (known !== null) return known;
    const verify = verifierOf(token);
    const claims = await verify(ctx, token).catch((error: unknown) => {
      if (isExpiry(error)) throw problem('token-expired', { headers: INVALID_TOKEN, cause: error });
      throw refusal('The access token is not valid.', error);
    });
    const caller = callerOf(claims);
    if (caller === null) throw refusal('The access token is not valid.');
    verified.add(token, caller);
    return caller;
  }

  async function required(ctx: Context): Promise<Caller> {
    if (ctx.get(API_KEY_HEADER) !== '') return callerOfApiKey(ctx, services);
    const token = presentedToken(ctx, services);
    if (token === null) throw problem('unauthorized');
    const caller = await bearerOf(ctx, token);
    const role = await services.lookups.role(caller.sessionId);
    if (role === null) throw refusal('The session has ended.');
    // A user who has lost a role has lost its scopes, whatever the token says.
    return { ...caller, role, scopes: caller.scopes.filter((scope) => ROLE_SCOPES[role].includes(scope)) };
  }

  return {
    required,
    async ifPresent(ctx) {
      if (ctx.get('Authorization') !== '' || ctx.get(API_KEY_HEADER) !== '') return required(ctx);
      if (presentedToken(ctx, services) === null) return null;
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

/** @throws 403 for an API key where a log-in is required */
export function requirePerson(caller: Caller, { credential }: Pick<Endpoint, 'credential'>): void {
  if (credential === 'person' && caller.apiKey !== undefined) {
    throw problem('forbidden', { detail: 'An API key cannot do this. Log in and use the access token.' });
  }
}

/** @throws the 403 that names the missing scope */
export function requireScope(caller: Caller, scope: Scope): void {
  if (!caller.scopes.includes(scope))
    throw problem('forbidden', { detail: `This needs a credential with the scope ${scope}.` });
}
