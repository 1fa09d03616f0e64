import type { Context } from 'koa';
import { z } from 'zod';
import { createSession, revokeSurplusSessions } from '../../db/users/sessions.ts';
import type { User } from '../../db/users/users.ts';
import type { Config } from '../../lib/config/config.ts';
import { ROLES } from '../../lib/tokens/caller.ts';
import { publishControl } from '../../streams/fleet/authority.ts';
import { problem } from '../../lib/problem.ts';
import { hashRefreshToken, newRefreshToken, signAccessToken } from '../../lib/tokens/token.ts';
import { setSessionCookies } from './cookies.ts';
import { Reply } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import type { Services } from '../http/handler-services.ts';

export const userSchema = z
  .object({
    id: field.userId,
    email: z.string().describe('E-mail address to log in with, in lower case.'),
    name: z.union([z.string(), z.null()]).describe('Display name; `null` if none was given.'),
    role: z.enum(ROLES).describe('What the user may do; see `scopes` of `GET /v1/auth/me`.'),
  })
  .meta({ id: 'User', description: 'A user of this server.' });

export const tokensSchema = z
  .object({
    accessToken: z.string().describe('Send it as `Authorization: Bearer …`.'),
    refreshToken: z
      .string()
      .optional()
      .describe('Valid for one refresh. Omitted if its cookie was used: no script needs to see it.'),
    expiresIn: z.int().describe('Seconds until the access token expires.'),
    tokenType: z.literal('Bearer').describe('The scheme of the `Authorization` header.'),
    user: userSchema,
  })
  .meta({ id: 'Tokens', description: 'The tokens of a session.' });

export function userBody({ id, email, name, role }: User): z.input<typeof userSchema> {
  return { id, email, name, role };
}

/** Issues the tokens of a session, in the body and as cookies. `byCookie`: the refresh token as a cookie only. */
export async function issueTokens(
  ctx: Context,
  services: Services,
  user: User,
  session: { id: string; refreshToken: string; byCookie?: boolean },
): Promise<Reply<z.input<typeof tokensSchema>>> {
  const { config, clock, tokenKeys } = services;
  const accessToken = await signAccessToken(
    tokenKeys.signing,
    { userId: user.id, sessionId: session.id, role: user.role },
    { now: clock.now(), ttl: config.ACCESS_TOKEN_TTL },
  );
  setSessionCookies(ctx, services, { id: session.id, accessToken, refreshToken: session.refreshToken });
  const body = {
    accessToken,
    ...(session.byCookie === true ? {} : { refreshToken: session.refreshToken }),
    expiresIn: config.ACCESS_TOKEN_TTL,
    tokenType: 'Bearer' as const,
    user: userBody(user),
  };
  return new Reply(body, { headers: { 'Cache-Control': 'no-store' } });
}

const DAY_MS = 86_400_000;

/** Maximum age of a session, in milliseconds. */
export function sessionMaxAge({ SESSION_MAX_DAYS }: Pick<Config, 'SESSION_MAX_DAYS'>): number {
  return SESSION_MAX_DAYS * DAY_MS;
}

/** Starts a session and issues its tokens. @throws 401 if the password was changed while it was being checked */
export async function beginSession(
  ctx: Context,
  services: Services,
  { user, passwordHash }: { user: User; passwordHash: string },
): Promise<Reply<z.input<typeof tokensSchema>>> {
  const { db, broker, clock, config } = services;
  const refreshToken = newRefreshToken();
  const expiresAt = clock.now() + Math.min(config.REFRESH_TOKEN_TTL * 1000, sessionMaxAge(config));
  const session = await createSession(
    db,
    { userId: user.id, passwordHash, userAgent: ctx.get('User-Agent') },
    { hash: hashRefreshToken(refreshToken), expiresAt },
    { clock },
  );
  if (session === null) throw problem('invalid-credentials');
  const bound = { clock, limit: config.SESSIONS_PER_USER, keep: session.id };
  for (const sessionId of await revokeSurplusSessions(db, user.id, bound))
    await publishControl(broker, { type: 'session-revoked', sessionId });
  return issueTokens(ctx, services, user, { id: session.id, refreshToken });
}
