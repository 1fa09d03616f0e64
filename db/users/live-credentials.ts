import type { Role } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Database } from '../connection/database.ts';

/**
 * The live ones among the given sessions and API keys (neither revoked nor expired, user not disabled), with the user's
 * current role: the role in a token may be outdated.
 */
export async function liveCredentials(
  db: Database,
  ids: readonly string[],
  { clock }: { clock: Clock },
): Promise<Map<string, Role>> {
  const now = new Date(clock.now());
  const { rows } = await db.raw<{ rows: { id: string; role: Role }[] }>(
    `select s.id, u.role from sessions s join users u on u.id = s.user_id
      where s.id = any(?::uuid[]) and s.revoked_at is null and s.expires_at > ? and u.disabled_at is null
    union all
    select k.id, u.role from api_keys k join users u on u.id = k.user_id
      where k.id = any(?::uuid[]) and (k.expires_at is null or k.expires_at > ?) and u.disabled_at is null`,
    [[...ids], now, [...ids], now],
  );
  return new Map(rows.map(({ id, role }) => [id, role]));
}

/** The given sessions and API keys that are no longer live. */
export async function findEndedCredentials(
  db: Database,
  ids: readonly string[],
  options: { clock: Clock },
): Promise<Set<string>> {
  const alive = await liveCredentials(db, ids, options);
  return new Set(ids.filter((id) => !alive.has(id)));
}
