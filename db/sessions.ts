import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import type { Database } from './database.ts';
import { only } from './only.ts';

export interface Session {
  id: string;
  userId: string;
  /** Epoch milliseconds, as all times here. */
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number;
  revokedAt: number | null;
}

interface SessionRow {
  id: string;
  user_id: string;
  created_at: number;
  last_used_at: number;
  expires_at: number;
  revoked_at: number | null;
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

/** Only the hash of a refresh token is stored: who reads the database cannot use it. */
export interface NewToken {
  hash: string;
  expiresAt: number;
}

/** A login: a session and its first refresh token. The session ends with the last of its tokens. */
export async function createSession(
  db: Database,
  userId: string,
  token: NewToken,
  { clock }: { clock: Clock },
): Promise<Session> {
  const now = new Date(clock.now());
  return await db.transaction(async (trx) => {
    const rows: SessionRow[] = await trx('sessions')
      .insert({
        id: newId(clock),
        user_id: userId,
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

export type Rotation =
  | { status: 'rotated'; session: Session }
  /** It had been used before, so it is in the wrong hands or its successor is: the session is revoked. */
  | { status: 'reused'; sessionId: string }
  /** Unknown or expired token, or a session that is not alive any more. */
  | { status: 'refused' };

/** Exchanges a refresh token for the next one. Each can be used once, however many try it at the same time. */
export async function rotateRefreshToken(
  db: Database,
  hash: string,
  next: NewToken,
  { clock }: { clock: Clock },
): Promise<Rotation> {
  const now = new Date(clock.now());
  return await db.transaction(async (trx): Promise<Rotation> => {
    const used: { session_id: string }[] = await trx('refresh_tokens')
      .where({ hash, used_at: null })
      .where('expires_at', '>', now)
      .update({ used_at: now })
      .returning('session_id');
    if (used[0] === undefined) {
      const token: { session_id: string; used_at: number | null } | undefined = await trx('refresh_tokens')
        .where({ hash })
        .first('session_id', 'used_at');
      if (token === undefined || token.used_at === null) return { status: 'refused' };
      await revokeSession(trx, token.session_id, { clock });
      return { status: 'reused', sessionId: token.session_id };
    }
    const rows: SessionRow[] = await trx('sessions')
      .where({ id: used[0].session_id, revoked_at: null })
      .where('expires_at', '>', now)
      .whereExists(trx('users').whereRaw('users.id = sessions.user_id').whereNull('disabled_at'))
      .update({ last_used_at: now, expires_at: new Date(next.expiresAt) })
      .returning('*');
    const [row] = rows;
    if (row === undefined) return { status: 'refused' };
    await insertToken(trx, row.id, next, now);
    return { status: 'rotated', session: toSession(row) };
  });
}

async function insertToken(db: Database, sessionId: string, token: NewToken, now: Date): Promise<void> {
  await db('refresh_tokens').insert({
    hash: token.hash,
    session_id: sessionId,
    created_at: now,
    expires_at: new Date(token.expiresAt),
  });
}

/** Whether the session is neither revoked nor expired and its user not disabled. */
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

/** False if it was revoked before, or never was. */
export async function revokeSession(db: Database, id: string, { clock }: { clock: Clock }): Promise<boolean> {
  const changed = await db('sessions')
    .where({ id, revoked_at: null })
    .update({ revoked_at: new Date(clock.now()) });
  return changed > 0;
}

/** Every live session of a user. @returns their ids */
export async function revokeUserSessions(
  db: Database,
  userId: string,
  { clock }: { clock: Clock },
): Promise<string[]> {
  const rows: { id: string }[] = await db('sessions')
    .where({ user_id: userId, revoked_at: null })
    .update({ revoked_at: new Date(clock.now()) })
    .returning('id');
  return rows.map(({ id }) => id);
}

/**
 * Removes sessions and tokens that have expired: the tables are bounded by the lifetime of a login.
 * @returns how many sessions
 */
export async function deleteExpiredSessions(db: Database, { clock }: { clock: Clock }): Promise<number> {
  const now = new Date(clock.now());
  await db('refresh_tokens').where('expires_at', '<=', now).delete();
  return await db('sessions').where('expires_at', '<=', now).delete();
}

/** Of the given sessions, those that are not alive any more. */
export async function findEndedSessions(
  db: Database,
  ids: readonly string[],
  { clock }: { clock: Clock },
): Promise<Set<string>> {
  const rows: { id: string }[] = await db('sessions')
    .join('users', 'users.id', 'sessions.user_id')
    .where({ revoked_at: null, disabled_at: null })
    .where('expires_at', '>', new Date(clock.now()))
    .whereRaw('sessions.id = any(?)', [[...ids]])
    .select('sessions.id');
  const alive = new Set(rows.map(({ id }) => id));
  return new Set(ids.filter((id) => !alive.has(id)));
}
