import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { type Caller, ROLES } from './caller.ts';
import { newId } from '../id.ts';
import type { Clock } from '../clock.ts';
import { TOKEN_ALGORITHM, TOKEN_ISSUER } from './token.ts';

/** Its own audience: no other endpoint takes a stream token, and the streams take no access token in their URL. */
export const STREAM_AUDIENCE = 'marktide:stream';

const CLAIMS = z.object({
  jti: z.string(),
  sub: z.string(),
  sid: z.string(),
  role: z.enum(ROLES),
  exp: z.number(),
});

/** What a token in a stream's URL proves. */
export interface StreamToken {
  /** May read, nothing else; lives as long as its session. */
  caller: Caller;
  /** An expired token only re-opens its own streams, with the seal in their ids. */
  isExpired: boolean;
  seal: string;
}

/** Signs a token that opens the caller's streams. `ttl` in seconds. */
export function signStreamToken(
  key: KeyObject,
  { userId, sessionId, role }: Pick<Caller, 'userId' | 'sessionId' | 'role'>,
  { clock, ttl }: { clock: Clock; ttl: number },
): string {
  const iat = Math.floor(clock.now() / 1000);
  return jwt.sign({ jti: newId(clock), sub: userId, sid: sessionId, role, iat, exp: iat + ttl }, key, {
    algorithm: TOKEN_ALGORITHM,
    issuer: TOKEN_ISSUER,
    audience: STREAM_AUDIENCE,
  });
}

/** @param payload of a verified token, whatever its age. @returns `null` when a claim is missing */
export function streamTokenOf(key: KeyObject, payload: unknown, now: number): StreamToken | null {
  const claims = CLAIMS.safeParse(payload);
  if (!claims.success) return null;
  const { jti, sub, sid, role, exp } = claims.data;
  return {
    caller: { userId: sub, sessionId: sid, role, scopes: ['read'], expiresAt: Number.POSITIVE_INFINITY },
    isExpired: now >= exp * 1000,
    seal: sealOf(key, jti),
  };
}

/**
 * 48 bits are enough for what can only be tried online, and leave room for the positions in an id of 128 characters.
 */
function sealOf(key: KeyObject, tokenId: string): string {
  return createHmac('sha256', key).update(`stream ${tokenId}`).digest('base64url').slice(0, 8);
}

/** Whether a stream's id was made for this token: only a reader of a stream that it opened knows such an id. */
export function isSealedBy(token: StreamToken, seal: string | null): boolean {
  if (seal === null) return false;
  const [given, own] = [Buffer.from(seal), Buffer.from(token.seal)];
  return given.length === own.length && timingSafeEqual(given, own);
}
