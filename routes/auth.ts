import type { Context } from 'koa';
import { z } from 'zod';
import { createSession, revokeSession, rotateRefreshToken } from '../db/sessions.ts';
import { findCredentials, getUser, type User } from '../db/users.ts';
import { ROLES } from '../lib/caller.ts';
import { checkPassword } from '../lib/password.ts';
import { problem } from '../lib/problem.ts';
import { hashRefreshToken, newRefreshToken, signAccessToken } from '../lib/token.ts';
import { publishControl } from '../streams/authority.ts';
import { ACCESS_COOKIE } from './authenticate.ts';
import { endpoint, Reply } from './endpoint.ts';
import * as field from './fields.ts';
import type { Services } from './services.ts';

const user = z
  .object({ id: field.id, email: z.string(), name: z.union([z.string(), z.null()]), role: z.enum(ROLES) })
  .meta({ id: 'User' });

const tokens = z
  .object({
    accessToken: z.string().meta({ description: 'Send it as `Authorization: Bearer …`.' }),
    refreshToken: z.string().meta({ description: 'Good for one refresh.' }),
    expiresIn: z.int().meta({ description: 'Seconds until the access token expires.' }),
    tokenType: z.literal('Bearer'),
    user,
  })
  .meta({ id: 'Tokens' });

function userBody({ id, email, name, role }: User): z.input<typeof user> {
  return { id, email, name, role };
}

function issue(
  services: Services,
  ctx: Context,
  account: User,
  session: { sessionId: string; refreshToken: string },
): Reply<z.input<typeof tokens>> {
  const { config, clock, tokenKey } = services;
  const accessToken = signAccessToken(
    tokenKey,
    { userId: account.id, sessionId: session.sessionId, role: account.role },
    { now: clock.now(), ttl: config.ACCESS_TOKEN_TTL },
  );
  ctx.cookies.set(ACCESS_COOKIE, accessToken, {
    httpOnly: true,
    sameSite: 'strict',
    path: '/v1',
    maxAge: config.ACCESS_TOKEN_TTL * 1000,
    secure: ctx.secure,
    overwrite: true,
  });
  const body = {
    accessToken,
    refreshToken: session.refreshToken,
    expiresIn: config.ACCESS_TOKEN_TTL,
    tokenType: 'Bearer' as const,
    user: userBody(account),
  };
  return new Reply(body, { headers: { 'Cache-Control': 'no-store' } });
}

export const login = endpoint({
  method: 'post',
  path: '/v1/auth/login',
  id: 'login',
  tag: 'auth',
  summary: 'Log in with e-mail and password',
  description:
    'Also sets an HttpOnly cookie with the access token, which authorises reading only: it is what lets a browser open an `EventSource` on the same origin.',
  access: 'public',
  body: z.strictObject({ email: field.text(254), password: z.string().min(1).max(200) }),
  status: 200,
  response: tokens,
  examples: { request: { email: 'demo@marktide.local', password: 'demo-marktide' } },
  problems: ['invalid-credentials'],
  async handler({ body, ctx }, services) {
    const { db, clock, config } = services;
    const found = await findCredentials(db, body.email);
    const usable = found !== null && found.user.disabledAt === null ? found : null;
    // The check runs for unknown users too: its time must not tell who exists.
    if (!(await checkPassword(usable?.passwordHash ?? null, body.password)) || usable === null) {
      throw problem('invalid-credentials');
    }
    const refreshToken = newRefreshToken();
    const expiresAt = clock.now() + config.REFRESH_TOKEN_TTL * 1000;
    const session = await createSession(
      db,
      usable.user.id,
      { hash: hashRefreshToken(refreshToken), expiresAt },
      { clock },
    );
    return issue(services, ctx, usable.user, { sessionId: session.id, refreshToken });
  },
});

export const refresh = endpoint({
  method: 'post',
  path: '/v1/auth/refresh',
  id: 'refresh',
  tag: 'auth',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'A refresh token is good once. Using it again ends the session, since one of the two users is a thief.',
  access: 'public',
  body: z.strictObject({ refreshToken: z.string().min(20).max(200) }),
  status: 200,
  response: tokens,
  problems: ['unauthorized'],
  async handler({ body, ctx }, services) {
    const { db, clock, config, broker } = services;
    const refreshToken = newRefreshToken();
    const expiresAt = clock.now() + config.REFRESH_TOKEN_TTL * 1000;
    const rotation = await rotateRefreshToken(
      db,
      hashRefreshToken(body.refreshToken),
      { hash: hashRefreshToken(refreshToken), expiresAt },
      { clock },
    );
    if (rotation.status === 'reused') {
      await publishControl(broker, { type: 'session-revoked', sessionId: rotation.sessionId });
    }
    if (rotation.status !== 'rotated')
      throw problem('unauthorized', { detail: 'The refresh token is not valid.' });
    const account = await getUser(db, rotation.session.userId);
    if (account === null) throw problem('unauthorized');
    return issue(services, ctx, account, { sessionId: rotation.session.id, refreshToken });
  },
});

export const logout = endpoint({
  method: 'post',
  path: '/v1/auth/logout',
  id: 'logout',
  tag: 'auth',
  summary: 'End the session: its tokens and its streams',
  access: 'read',
  status: 204,
  response: null,
  async handler({ caller, ctx }, { db, clock, broker }) {
    await revokeSession(db, caller.sessionId, { clock });
    await publishControl(broker, { type: 'session-revoked', sessionId: caller.sessionId });
    ctx.cookies.set(ACCESS_COOKIE, null, { path: '/v1', overwrite: true });
  },
});

export const me = endpoint({
  method: 'get',
  path: '/v1/auth/me',
  id: 'me',
  tag: 'auth',
  summary: 'Who the credential stands for',
  access: 'read',
  status: 200,
  response: user.extend({ scopes: z.array(z.string()) }).meta({ id: 'Me' }),
  async handler({ caller }, { db }) {
    const account = await getUser(db, caller.userId);
    if (account === null) throw problem('unauthorized');
    return { ...userBody(account), scopes: [...caller.scopes] };
  },
});

export const authEndpoints = [login, refresh, logout, me];
