import type { Role } from '../../lib/tokens/caller.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import { decodeCursor, encodeCursor } from '../connection/page-cursor.ts';
import type { Database } from '../connection/database.ts';
import { pageOf, type Page, type PageQuery } from '../connection/list-page.ts';

export interface User {
  id: string;
  /** Lower case. */
  email: string;
  name: string | null;
  role: Role;
  /** Epoch milliseconds, like all times here. */
  disabledAt: number | null;
  createdAt: number;
}

interface UserRow {
  id: string;
  email: string;
  name: string | null;
  role: Role;
  disabled_at: number | null;
  created_at: number;
}

const COLUMNS = ['id', 'email', 'name', 'role', 'disabled_at', 'created_at'] as const;

function toUser(row: UserRow): User {
  const { id, email, name, role } = row;
  return { id, email, name, role, disabledAt: row.disabled_at, createdAt: row.created_at };
}

/** @throws Problem `conflict` if the e-mail address is taken */
export async function createUser(
  db: Database,
  user: { email: string; name: string | null; passwordHash: string; role: Role },
  { clock }: { clock: Clock },
): Promise<User> {
  const rows: UserRow[] = await db('users')
    .insert({
      id: newId(clock),
      email: user.email.toLowerCase(),
      name: user.name,
      password_hash: user.passwordHash,
      role: user.role,
      created_at: new Date(clock.now()),
    })
    .onConflict('email')
    .ignore()
    .returning(COLUMNS);
  const [row] = rows;
  if (row === undefined)
    throw problem('conflict', { detail: 'The e-mail address is already in use. Use another one.' });
  return toUser(row);
}

export async function getUser(db: Database, id: string): Promise<User | null> {
  const row: UserRow | undefined = await db('users').where({ id }).first(COLUMNS);
  return row === undefined ? null : toUser(row);
}

/** The user and the hash to check the password against. The case of letters does not matter. */
export async function findCredentials(
  db: Database,
  email: string,
): Promise<{ user: User; passwordHash: string } | null> {
  const row: (UserRow & { password_hash: string }) | undefined = await db('users')
    .where({ email: email.toLowerCase() })
    .first([...COLUMNS, 'password_hash']);
  return row === undefined ? null : { user: toUser(row), passwordHash: row.password_hash };
}

/** Whether there is an administrator who is not disabled. */
export async function hasAdmin(db: Database): Promise<boolean> {
  const row: unknown = await db('users').where({ role: 'admin', disabled_at: null }).first('id');
  return row !== undefined;
}

/** The administrators among these users who are not disabled. */
export async function findAdmins(db: Database, userIds: readonly string[]): Promise<Set<string>> {
  const rows: { id: string }[] = await db('users')
    .where({ role: 'admin', disabled_at: null })
    .whereIn('id', [...new Set(userIds)])
    .select('id');
  return new Set(rows.map(({ id }) => id));
}

/**
 * Locks every active administrator until the transaction ends, so that two cannot remove each other at once.
 * @returns their ids
 */
export async function lockAdmins(trx: Database): Promise<string[]> {
  const rows: { id: string }[] = await trx('users')
    .where({ role: 'admin', disabled_at: null })
    .orderBy('id')
    .forUpdate()
    .select('id');
  return rows.map(({ id }) => id);
}

/** In order of creation. */
export async function listUsers(db: Database, { limit, cursor }: PageQuery): Promise<Page<User>> {
  const query = db('users')
    .select(COLUMNS)
    .orderBy('id')
    .limit(limit + 1);
  if (cursor) void query.where('id', '>', decodeCursor(cursor, ['uuid'])[0]);
  const rows: UserRow[] = await query;
  return pageOf(rows.map(toUser), limit, (last) => encodeCursor([last.id]));
}

export interface UserChange {
  name?: string | null | undefined;
  role?: Role | undefined;
  passwordHash?: string | undefined;
  /** `null` enables the user again. */
  disabledAt?: number | null | undefined;
}

/** `undefined` values stay unchanged. `null` if there is no such user. */
export async function updateUser(db: Database, id: string, change: UserChange): Promise<User | null> {
  const { name, role, passwordHash, disabledAt } = change;
  const rows: UserRow[] = await db('users')
    .where({ id })
    .update({
      // Keeps the statement valid when nothing changes.
      id,
      ...(name === undefined ? {} : { name }),
      ...(role === undefined ? {} : { role }),
      ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
      ...(disabledAt === undefined ? {} : { disabled_at: disabledAt === null ? null : new Date(disabledAt) }),
    })
    .returning(COLUMNS);
  const [row] = rows;
  return row === undefined ? null : toUser(row);
}

/** The password that the user of a session is about to prove again. */
export async function getPasswordHash(db: Database, id: string): Promise<string | null> {
  const row: { password_hash: string } | undefined = await db('users').where({ id }).first('password_hash');
  return row?.password_hash ?? null;
}

/**
 * Locks a user until the transaction ends, so that the password and the right to log in stay as they were checked.
 * @returns false if they have changed: another password, or the user was disabled or deleted
 */
export async function holdCredentials(
  trx: Database,
  { id, passwordHash }: { id: string; passwordHash: string },
): Promise<boolean> {
  const row: unknown = await trx('users')
    .where({ id, password_hash: passwordHash, disabled_at: null })
    .forNoKeyUpdate()
    .first('id');
  return row !== undefined;
}

/** Along with everything that belongs to the user. False if there was no such user. */
export async function deleteUser(db: Database, id: string): Promise<boolean> {
  return (await db('users').where({ id }).delete()) > 0;
}
