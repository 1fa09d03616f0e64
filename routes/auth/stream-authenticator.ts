import type { Context } from 'koa';
import { liveCredentials } from '../../db/users/live-credentials.ts';
import type { Caller } from '../../lib/tokens/caller.ts';
import { problem } from '../../lib/problem.ts';
import { isSealedBy, streamTokenOf } from '../../lib/tokens/stream-token.ts';
import { upgradeOf } from '../../streams/transports/upgrade.ts';
import { decodeCursor } from '../../streams/core/cursor.ts';
import { API_KEY_HEADER } from './api-key-caller.ts';
import type { Authenticator } from './authenticate.ts';
import { isOwnOrigin } from './cookies.ts';
import type { Services } from '../http/handler-services.ts';
import { streamTokenVerification } from './token-verification.ts';

/** The seal in the ids of a stream that was opened by a stream token; `null` for other streams. */
export function streamSealOf(ctx: Context): string | null {
  const seal: unknown = ctx.state['streamSeal'];
  return typeof seal === 'string' ? seal : null;
}

/** Where the control log stood before the caller was looked up: for `Authority.catchUp`. */
export function authorityMarkOf(ctx: Context): number {
  return Number(ctx.state['authorityMark']);
}

/**
 * As for any endpoint, or by a stream token in `?token=`, which takes precedence over the cookie, but not over the
 * header.
 *
 * An EventSource keeps using the URL that it was created with, so an expired token still re-opens its own streams,
 * together with a `Last-Event-ID` that carries the token's seal. That header is in no URL and no access log, so a
 * leaked URL is worthless once its token has expired; and no token outlives its session.
 */
export function streamAuthenticator(services: Services, ordinary: Authenticator): Authenticator {
  const verify = streamTokenVerification(services.tokenKey);

  async function byToken(ctx: Context): Promise<Caller | null> {
    const { token } = ctx.query;
    if (token === undefined || ctx.get('Authorization') !== '' || ctx.get(API_KEY_HEADER) !== '') return null;
    const { db, clock, tokenKey } = services;
    const claims = typeof token === 'string' ? await verify(ctx, token).catch(() => null) : null;
    const read = streamTokenOf(tokenKey, claims, clock.now());
    if (read === null)
      throw problem('unauthorized', { detail: 'The stream token is not valid. Ask for a new one.' });
    // A WebSocket has no such header: its client is a program that can ask for a new token.
    const seal = decodeCursor(ctx.get('Last-Event-ID'))?.seal ?? null;
    if (read.isExpired && !isSealedBy(read, seal)) {
      throw problem('token-expired', { detail: 'The stream token has expired. Ask for a new one.' });
    }
    if ((await liveCredentials(db, [read.caller.sessionId], { clock })).size === 0) {
      throw problem('unauthorized', { detail: 'The session has ended. Log in again.' });
    }
    ctx.state['streamSeal'] = read.seal;
    return read.caller;
  }

  return {
    async required(ctx) {
      ctx.state['authorityMark'] = services.authority.mark();
      dropForeignCookie(ctx, services.config.CORS_ORIGINS);
      return (await byToken(ctx)) ?? ordinary.required(ctx);
    },
    async ifPresent(ctx) {
      ctx.state['authorityMark'] = services.authority.mark();
      dropForeignCookie(ctx, services.config.CORS_ORIGINS);
      return (await byToken(ctx)) ?? ordinary.ifPresent(ctx);
    },
  };
}

/**
 * CORS does not apply to WebSockets: any page may open one, and the browser sends our cookie. So the cookie is accepted
 * only from pages of this origin or an allowed one.
 */
function dropForeignCookie(ctx: Context, allowed: readonly string[]): void {
  if (upgradeOf(ctx.req) === null) return;
  if (!isOwnOrigin(ctx, allowed)) delete ctx.req.headers.cookie;
}
