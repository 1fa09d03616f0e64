import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Database } from '../connection/database.ts';
import { only } from '../connection/single-row.ts';
import { holdCredentials } from './users.ts';

export interface Session {
  id: string;
  userId: string;
  /** How the device identified itself at login. */
  userAgent: string;
  /** Epoch milliseconds, like all times here. */
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number;
  revokedAt: number | null;
}

interface SessionRow {
  id: string;
  user_id: string;
  user_agent: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  revoked_at: number | null;
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    userAgent: row.user_agent,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

/** Only the hash of a refresh token is stored, so that reading the database does not reveal a usable one. */
export interface NewToken {
  hash: string;
  expiresAt: number;
}

/** A `User-Agent` may have any length. */
const AGENT_LENGTH = 300;

/**
 * A login: a session and its first refresh token. The session ends when the last of its tokens expires.
 * @param proof the user, and the hash of the password that was checked
 * @returns `null` if that is no longer the password: it was changed, and all sessions ended, during the check
 */
export async function createSession(
  db: Database,
  proof: { userId: string; passwordHash: string; userAgent?: string },
  token: NewToken,
  { clock }: { clock: Clock },
): Promise<Session | null> {
  const now = new Date(clock.now());
  const { userId, passwordHash, userAgent = '' } = proof;
  return await db.transaction(async (trx) => {
    if (!(await holdCredentials(trx, { id: userId, passwordHash }))) return null;
    const rows: SessionRow[] = await trx('sessions')
      .insert({
        id: newId(clock),
        user_id: userId,
        user_agent: userAgent.slice(0, AGENT_LENGTH),
        created_at: now,
        last_used_at: now,
        expires_at: new Date(token.expiresAt),
      })
      .returning('*');
    const row = only(rows);
    await insertToken(trx, row.id, token, now);
    return toSession(row);
  });
}

/** The next token, derived from the one presented and a salt, so that it can be derived again. */
export interface Successor {
  /** Used if the token is presented for the first time. */
  salt: string;
  hashOf: (salt: string) => string;
  /** Unless the session ends before. */
  expiresAt: number;
  /** The age at which the session ends, however often it is refreshed, in milliseconds; unlimited if absent. */
  maxAgeMs?: number;
}

export type Rotation =
  /** The successor must be derived with this salt. */
  | { status: 'rotated'; session: Session; salt: string }
  /** It was used before, so it or its successor is in the wrong hands: the session has been revoked. */
  | { status: 'reused'; sessionId: string; userId: string }
  /** An unknown or expired token, or a session that is no longer live. */
  | { status: 'refused' };

/**
 * After a lost response, or with two tabs at once, a token is presented twice within this time; a thief uses it later.
 */
const GRACE_MS = 10_000;

/**
 * Exchanges a refresh token for the next one. Each has one successor, however many callers try at the same time:
 * whoever presents it again within ten seconds, while the successor is unused, gets the same successor. So there is
 * never a second chain of tokens, and of two holders the second is detected.
 */
export async function rotateRefreshToken(
  db: Database,
  hash: string,
  successor: Successor,
  { clock }: { clock: Clock },
): Promise<Rotation> {
  const now = new Date(clock.now());
  return await db.transaction(async (trx): Promise<Rotation> => {
    const nextHash = successor.hashOf(successor.salt);
    const used: { session_id: string }[] = await trx('refresh_tokens')
      .where({ hash, used_at: null })
      .where('expires_at', '>', now)
      .update({ used_at: now, successor_salt: successor.salt, successor_hash: nextHash })
      .returning('session_id');
    if (used[0] === undefined) return repeated(trx, hash, { clock });
    const { maxAgeMs = Number.POSITIVE_INFINITY } = successor;
    const session: SessionRow | undefined = await aliveSession(trx, used[0].session_id, now)
      .forUpdate()
      .first('*');
    const expiresAt = Math.min(successor.expiresAt, (session?.created_at ?? 0) + maxAgeMs);
    if (session === undefined || expiresAt <= clock.now()) return { status: 'refused' };
    const rows: SessionRow[] = await trx('sessions')
      .where({ id: session.id })
      .update({ last_used_at: now, expires_at: new Date(expiresAt) })
      .returning('*');
    const row = only(rows);
    await insertToken(trx, row.id, { hash: nextHash, expiresAt }, now);
    return { status: 'rotated', session: toSession(row), salt: successor.salt };
  });
}

/** A token that cannot be used for the first time any more. */
async function repeated(trx: Database, hash: string, { clock }: { clock: Clock }): Promise<Rotation> {
  const token:
    | {
        session_id: string;
        used_at: number | null;
        salt: string | null;
        next_used_at: number | null;
        next: string | null;
      }
    | undefined = await trx('refresh_tokens as token')
    .leftJoin('refresh_tokens as next', 'next.hash', 'token.successor_hash')
    .where({ 'token.hash': hash })
    .first(
      'token.session_id',
      'token.used_at',
      'token.successor_salt as salt',
      'next.hash as next',
      'next.used_at as next_used_at',
    );
  if (token === undefined || token.used_at === null) return { status: 'refused' };
  const now = clock.now();
  const row: SessionRow | undefined = await aliveSession(trx, token.session_id, new Date(now)).first('*');
  if (row === undefined) return { status: 'refused' };
  const isSuccessorUnused = token.next !== null && token.next_used_at === null;
  if (token.salt !== null && isSuccessorUnused && now - token.used_at < GRACE_MS) {
    return { status: 'rotated', session: toSession(row), salt: token.salt };
  }
  const revoked = await revokeSession(trx, row.id, { clock });
  return revoked ? { status: 'reused', sessionId: row.id, userId: row.user_id } : { status: 'refused' };
}

function aliveSession(trx: Database, id: string, now: Date) {
  return trx('sessions')
    .where({ id, revoked_at: null })
    .where('expires_at', '>', now)
    .whereExists(trx('users').whereRaw('users.id = sessions.user_id').whereNull('disabled_at'));
}

async function insertToken(db: Database, sessionId: string, token: NewToken, now: Date): Promise<void> {
  await db('refresh_tokens').insert({
    hash: token.hash,
    session_id: sessionId,
    created_at: now,
    expires_at: new Date(token.expiresAt),
  });
}

/** Whether the session is neither revoked nor expired, and its user not disabled. */
export async function isSessionAlive(
  db: Database,
  id: string,
  { clock }: { clock: Clock },
): Promise<boolean> {
  const row: unknown = await db('sessions')
    .join('users', 'users.id', 'sessions.user_id')
    .where({ 'sessions.id': id, revoked_at: null, disabled_at: null })
    .where('expires_at', '>', new Date(clock.now()))
    .first('sessions.id');
  return row !== undefined;
}

/** False if it had been revoked, or never existed. */
export async function revokeSession(db: Database, id: string, { clock }: { clock: Clock }): Promise<boolean> {
  const changed = await db('sessions')
    .where({ id, revoked_at: null })
    .update({ revoked_at: new Date(clock.now()) });
  return changed > 0;
}

/** The live sessions of a user, most recently used first, at most `SESSIONS_PER_USER`. */
export async function listUserSessions(
  db: Database,
  userId: string,
  { clock }: { clock: Clock },
): Promise<Session[]> {
  const rows: SessionRow[] = await db('sessions')
    .where({ user_id: userId, revoked_at: null })
    .where('expires_at', '>', new Date(clock.now()))
    .orderBy([
      { column: 'last_used_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ]);
  return rows.map(toSession);
}

/** False if the user has no such session, or it has ended. */
export async function endUserSession(
  db: Database,
  { id, userId }: { id: string; userId: string },
  { clock }: { clock: Clock },
): Promise<boolean> {
  const now = new Date(clock.now());
  const changed = await db('sessions')
    .where({ id, user_id: userId, revoked_at: null })
    .where('expires_at', '>', now)
    .update({ revoked_at: now });
  return changed > 0;
}

/**
 * Ends every live session of a user except one that is to be kept.
 * @returns their ids
 */
export async function revokeUserSessions(
  db: Database,
  userId: string,
  { clock, keep = null }: { clock: Clock; keep?: string | null },
): Promise<string[]> {
  const rows: { id: string }[] = await db('sessions')
    .where({ user_id: userId, revoked_at: null })
    .where('expires_at', '>', new Date(clock.now()))
    .where((others) => (keep === null ? others : others.whereNot({ id: keep })))
    .update({ revoked_at: new Date(clock.now()) })
    .returning('id');
  return rows.map(({ id }) => id);
}

/**
 * Ends the sessions of a user beyond the limit, least recently used first, but never the one to be kept.
 * @returns their ids
 */
export async function revokeSurplusSessions(
  db: Database,
  userId: string,
  { clock, limit, keep }: { clock: Clock; limit: number; keep: string },
): Promise<string[]> {
  const now = new Date(clock.now());
  const surplus = db('sessions')
    .where({ user_id: userId, revoked_at: null })
    .where('expires_at', '>', now)
    .whereNot({ id: keep })
    .orderBy([
      { column: 'last_used_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .offset(limit - 1)
    .select('id');
  const rows: { id: string }[] = await db('sessions')
    .whereIn('id', surplus)
    .where({ revoked_at: null })
    .update({ revoked_at: now })
    .returning('id');
  return rows.map(({ id }) => id);
}

/**
 * Deletes expired sessions and tokens, so the tables are bounded by the lifetime of a login.
 * @returns how many sessions
 */
export async function deleteExpiredSessions(db: Database, { clock }: { clock: Clock }): Promise<number> {
  const now = new Date(clock.now());
  await db('refresh_tokens').where('expires_at', '<=', now).delete();
  return await db('sessions').where('expires_at', '<=', now).delete();
}
