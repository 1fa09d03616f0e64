import { type Role, ROLE_SCOPES, type Scope } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { only } from '../connection/single-row.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';
import { assertRoom, lockUser } from '../connection/quota.ts';

export interface ApiKey {
  id: string;
  userId: string;
  name: string;
  /** The beginning of the key, by which its owner recognises it. */
  prefix: string;
  scopes: Scope[];
  /** Addresses and CIDR ranges it may be used from; empty: any address. */
  allowedIps: string[];
  /** Epoch milliseconds, like all times here. */
  createdAt: number;
  expiresAt: number | null;
  /** Accurate to the minute. */
  lastUsedAt: number | null;
  /** `null`: the same limit as for every key. */
  requestsPerMinute: number | null;
}

interface ApiKeyRow {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  allowed_ips: string[];
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  requests_per_minute: number | null;
}

const COLUMNS = [
  'id',
  'user_id',
  'name',
  'prefix',
  'scopes',
  'allowed_ips',
  'created_at',
  'expires_at',
  'last_used_at',
  'requests_per_minute',
] as const;

function toApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    allowedIps: row.allowed_ips,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    requestsPerMinute: row.requests_per_minute,
  };
}

/** Not every use is written, or a busy key would cause as many writes as reads. */
const LAST_USED_MS = 60_000;

/**
 * @param limit how many keys the user may have; unlimited if absent
 * @throws Problem `quota-exceeded`
 */
export async function createApiKey(
  trx: Database,
  key: Omit<ApiKey, 'id' | 'createdAt' | 'lastUsedAt'> & { hash: string },
  { clock, limit }: { clock: Clock; limit?: number },
): Promise<ApiKey> {
  if (limit !== undefined) {
    await lockUser(trx, key.userId);
    const quota = { limit, variable: 'API_KEYS_PER_USER', what: 'API keys for a user' };
    await assertRoom(trx('api_keys').where({ user_id: key.userId }), quota);
  }
  const rows: ApiKeyRow[] = await trx('api_keys')
    .insert({
      id: newId(clock),
      user_id: key.userId,
      name: key.name,
      prefix: key.prefix,
      hash: key.hash,
      scopes: key.scopes,
      allowed_ips: key.allowedIps,
      created_at: new Date(clock.now()),
      expires_at: key.expiresAt === null ? null : new Date(key.expiresAt),
      requests_per_minute: key.requestsPerMinute,
    })
    .returning(COLUMNS);
  return toApiKey(only(rows));
}

/** The user's keys in order of creation, including expired ones. */
export async function listApiKeys(
  db: Database,
  userId: string,
  { limit, cursor }: PageQuery,
): Promise<Page<ApiKey>> {
  const query = db('api_keys')
    .where({ user_id: userId })
    .orderBy('id')
    .limit(limit + 1);
  if (cursor) void query.where('id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: ApiKeyRow[] = await query.select(COLUMNS);
  return pageOf(rows.map(toApiKey), limit, (last) => encodeCursor([last.id]));
}

/**
 * @param userId the owner; `null`: any user
 * @returns the key; `null` if there is none
 */
export async function deleteApiKey(
  db: Database,
  id: string,
  userId: string | null,
): Promise<{ userId: string; name: string; prefix: string } | null> {
  const rows: { user_id: string; name: string; prefix: string }[] = await db('api_keys')
    .where({ id, ...(userId === null ? {} : { user_id: userId }) })
    .delete()
    .returning(['user_id', 'name', 'prefix']);
  const [row] = rows;
  return row === undefined ? null : { userId: row.user_id, name: row.name, prefix: row.prefix };
}

/**
 * The key with a hash, unless it has expired or its user is disabled. Its scopes never exceed what the user's current
 * role allows, whatever the role was when the key was created.
 */
export async function findApiKey(
  db: Database,
  hash: string,
  { clock }: { clock: Clock },
): Promise<(ApiKey & { role: Role }) | null> {
  const row: (ApiKeyRow & { role: Role }) | undefined = await db('api_keys')
    .join('users', 'users.id', 'api_keys.user_id')
    .where({ hash, disabled_at: null })
    .where((either) =>
      either.whereNull('api_keys.expires_at').orWhere('api_keys.expires_at', '>', new Date(clock.now())),
    )
    .first([...COLUMNS.map((column) => `api_keys.${column}`), 'users.role']);
  if (row === undefined) return null;
  const key = toApiKey(row);
  return {
    ...key,
    scopes: key.scopes.filter((scope) => ROLE_SCOPES[row.role].includes(scope)),
    role: row.role,
  };
}

/** Records that the key is being used, at most once a minute. */
export async function touchApiKey(
  db: Database,
  { id, lastUsedAt }: Pick<ApiKey, 'id' | 'lastUsedAt'>,
  { clock }: { clock: Clock },
): Promise<void> {
  const now = clock.now();
  if (lastUsedAt !== null && now - lastUsedAt < LAST_USED_MS) return;
  await db('api_keys')
    .where({ id })
    .where((either) =>
      either.whereNull('last_used_at').orWhere('last_used_at', '<=', new Date(now - LAST_USED_MS)),
    )
    .update({ last_used_at: new Date(now) });
}
