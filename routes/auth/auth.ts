import { createHmac, type KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { revokeSession, rotateRefreshToken } from '../../db/users/sessions.ts';
import { findCredentials, getUser } from '../../db/users/users.ts';
import { checkPassword } from '../../lib/tokens/password.ts';
import { problem } from '../../lib/problem.ts';
import { hashRefreshToken, nextRefreshToken } from '../../lib/tokens/token.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { noteAudit } from '../http/audit-trail.ts';
import { clearSessionCookies, REFRESH_COOKIE, writingCookie } from './cookies.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { beginAttempt } from './login-attempts.ts';
import {
  beginSession,
  issueTokens,
  sessionMaxAge,
  tokensSchema,
  userBody,
  userSchema,
} from './session-tokens.ts';

/** Identifies an unknown e-mail address in the audit log without storing it: it may be a mistyped password. */
function hashEmail(secret: KeyObject, email: string): string {
  return createHmac('sha256', secret).update(`email ${email.toLowerCase()}`).digest('base64url').slice(0, 22);
}

export const login = endpoint({
  method: 'post',
  path: '/v1/auth/login',
  id: 'login',
  tag: 'auth',
  summary: 'Log in with e-mail and password',
  description:
    'Also sets the tokens as HttpOnly cookies, so that a page need not store them. The access cookie authorises reads, including an `EventSource`; for changes, also send the value of the cookie `marktide_csrf` as `X-CSRF-Token`.',
  access: 'public',
  limit: 'login',
  body: z
    .strictObject({
      email: field.text(254).describe('E-mail address of the user, in any case.'),
      password: z.string().min(1).max(200).meta({ format: 'password', description: 'Password of the user.' }),
    })
    .meta({ id: 'Login', description: 'E-mail address and password.' }),
  status: 200,
  response: tokensSchema,
  examples: { request: { email: 'demo@marktide.local', password: 'demo-marktide' } },
  problems: ['invalid-credentials', 'rate-limited'],
  async handler({ body, ctx }, services) {
    const { db, tokenKey } = services;
    const found = await findCredentials(db, body.email);
    const emailHash = hashEmail(tokenKey, body.email);
    const attempt = await beginAttempt(ctx, services, { userId: found?.user.id ?? null, emailHash });
    const usable = found !== null && found.user.disabledAt === null ? found : null;
    // The check runs for unknown users too: its duration must not reveal who exists.
    if (!(await checkPassword(usable?.passwordHash ?? null, body.password)) || usable === null) {
      const userId = found?.user.id ?? null;
      const details: Record<string, string> = userId === null ? { emailHash } : {};
      await noteAudit(ctx, services, { type: 'login-failed', actorId: null, userId, details });
      throw problem('invalid-credentials');
    }
    const reply = await beginSession(ctx, services, usable);
    await attempt.succeeded(usable.user.id);
    await noteAudit(ctx, services, { type: 'login', actorId: usable.user.id, userId: usable.user.id });
    return reply;
  },
});

export const refresh = endpoint({
  method: 'post',
  path: '/v1/auth/refresh',
  id: 'refresh',
  tag: 'auth',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Send the refresh token in the body; or use its cookie, with `X-CSRF-Token` as for any change by cookie and an empty object as the body. A refresh token is valid once. If it is presented again within ten seconds, while its successor is unused, the answer is that successor again: the first answer may have been lost. Later use ends the session, because one of the two users of the token must have stolen it. A session ends `SESSION_MAX_DAYS` after the log-in, however often it is refreshed: then the answer is 401, and the user has to log in again.',
  access: 'public',
  limit: 'login',
  body: z
    .strictObject({
      refreshToken: z
        .string()
        .min(20)
        .max(200)
        .optional()
        .describe('The newest refresh token of the session; if omitted, its cookie is used.'),
    })
    .meta({ id: 'Refresh', description: 'A refresh token, or nothing if it is in a cookie.' }),
  status: 200,
  response: tokensSchema,
  examples: { request: { refreshToken: 'Zk5vJ0b1d2mB8m7cXq3n9wT4yL6sH0aKpR2eUfGiVxA' } },
  problems: ['invalid-request', 'unauthorized', 'forbidden'],
  async handler({ body, ctx }, services) {
    const { db, clock, config, broker, tokenKey } = services;
    const presented = body.refreshToken ?? writingCookie(ctx, REFRESH_COOKIE, services);
    if (presented === null) {
      const errors = [
        { pointer: '/refreshToken', detail: 'is required unless its cookie and X-CSRF-Token are sent' },
      ];
      throw problem('invalid-request', { errors });
    }
    const rotation = await rotateRefreshToken(
      db,
      hashRefreshToken(presented),
      {
        salt: randomBytes(16).toString('base64url'),
        hashOf: (salt) => hashRefreshToken(nextRefreshToken(tokenKey, presented, salt)),
        expiresAt: clock.now() + config.REFRESH_TOKEN_TTL * 1000,
        maxAgeMs: sessionMaxAge(config),
      },
      { clock },
    );
    if (rotation.status === 'reused') {
      const { sessionId, userId } = rotation;
      await publishControl(broker, { type: 'session-revoked', sessionId });
      await noteAudit(ctx, services, {
        type: 'refresh-reused',
        actorId: null,
        userId,
        details: { sessionId },
      });
    }
    if (rotation.status !== 'rotated')
      throw problem('unauthorized', { detail: 'The refresh token is not valid. Log in again.' });
    const account = await getUser(db, rotation.session.userId);
    if (account === null) throw problem('unauthorized');
    return issueTokens(ctx, services, account, {
      id: rotation.session.id,
      refreshToken: nextRefreshToken(tokenKey, presented, rotation.salt),
      byCookie: body.refreshToken === undefined,
    });
  },
});

export const logout = endpoint({
  method: 'post',
  path: '/v1/auth/logout',
  id: 'logout',
  tag: 'auth',
  summary: 'End the session: its tokens and its streams',
  access: 'read',
  credential: 'person',
  status: 204,
  response: null,
  async handler({ caller, ctx }, services) {
    const { db, clock, broker } = services;
    const { userId, sessionId } = caller;
    await revokeSession(db, sessionId, { clock });
    await publishControl(broker, { type: 'session-revoked', sessionId });
    clearSessionCookies(ctx, services);
    await noteAudit(ctx, services, { type: 'logout', actorId: userId, userId });
  },
});

export const me = endpoint({
  method: 'get',
  path: '/v1/auth/me',
  id: 'me',
  tag: 'auth',
  summary: 'The user that the credential belongs to',
  access: 'read',
  status: 200,
  response: userSchema
    .extend({ scopes: z.array(z.string()).describe('What the credential of this request allows.') })
    .meta({ id: 'Me', description: 'The user that the credential belongs to.' }),
  async handler({ caller }, { db }) {
    const account = await getUser(db, caller.userId);
    if (account === null) throw problem('unauthorized');
    return { ...userBody(account), scopes: [...caller.scopes] };
  },
});

export const authEndpoints = [login, refresh, logout, me];
