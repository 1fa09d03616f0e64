import { createHash, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Logger } from '../logging/log.ts';
import { type Caller, ROLE_SCOPES, ROLES, SCOPES } from './caller.ts';
import { keptSecret } from './kept-secret.ts';
import type { TokenKey } from './token-keys.ts';

/** For the secret that signs stream tokens; a KeyObject verifies fifty times as fast as a string. */
export const TOKEN_ALGORITHM = 'HS256';
export const TOKEN_ISSUER = 'marktide';
export const TOKEN_AUDIENCE = 'marktide:api';

const CLAIMS = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  role: z.enum(ROLES),
  scopes: z.array(z.enum(SCOPES)).optional(),
  exp: z.number(),
});

/** Signs an access token. `ttl` in seconds. */
export async function signAccessToken(
  { kid, algorithm, key }: TokenKey,
  { userId, sessionId, role }: Pick<Caller, 'userId' | 'sessionId' | 'role'>,
  { now, ttl }: { now: number; ttl: number },
): Promise<string> {
  const iat = Math.floor(now / 1000);
  const claims = { sub: userId, sid: sessionId, role, iat, exp: iat + ttl };
  if (algorithm === 'EdDSA') {
    return await new SignJWT({ ...claims, iss: TOKEN_ISSUER, aud: TOKEN_AUDIENCE })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid })
      .sign(key);
  }
  return jwt.sign(claims, key, { algorithm, keyid: kid, issuer: TOKEN_ISSUER, audience: TOKEN_AUDIENCE });
}

/** The claims of a token signed by an Ed25519 key, which koa-jwt does not know. @throws errors.JOSEError */
export async function verifyEdwards(key: KeyObject, token: string, now: number): Promise<unknown> {
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['EdDSA'],
    issuer: TOKEN_ISSUER,
    audience: TOKEN_AUDIENCE,
    requiredClaims: ['exp'],
    currentDate: new Date(now),
  });
  return payload;
}

/** 256 random bits: cannot be guessed, so a plain hash of it is enough to store. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The successor of a refresh token: always the same, so that a lost answer can be repeated, and two tabs that ask at
 * once get the same one. Deriving it takes the token, the secret and the salt in the database.
 */
export function nextRefreshToken(secret: KeyObject, token: string, salt: string): string {
  return createHmac('sha256', secret).update(`refresh ${salt} ${token}`).digest('base64url');
}

export function hashRefreshToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** The caller of verified claims, or `null` when a claim is missing: a token without `exp` is not one of ours. */
export function callerOf(claims: unknown): Caller | null {
  const parsed = CLAIMS.safeParse(claims);
  if (!parsed.success) return null;
  const { sub, sid, role, scopes, exp } = parsed.data;
  return { userId: sub, sessionId: sid, role, scopes: scopes ?? ROLE_SCOPES[role], expiresAt: exp * 1000 };
}

/** The signing key: the given secret, or one that is generated once and kept in the data folder. */
export async function loadTokenKey(
  secret: string | undefined,
  dataDir: string,
  log: Logger,
): Promise<KeyObject> {
  return createSecretKey(secret ?? (await keptSecret(dataDir, 'jwt-secret', log)), 'utf8');
}
