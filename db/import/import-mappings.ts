import { problem } from '../../lib/problem.ts';
import type { Database } from '../connection/database.ts';

/** The maximum number of mappings of a user. */
export const MAX_MAPPINGS = 100;

export interface StoredMapping<T> {
  id: string;
  name: string;
  mapping: T;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
}

interface MappingRow<T> {
  id: string;
  name: string;
  mapping: T;
  created_at: number;
  updated_at: number;
}

const COLUMNS = ['id', 'name', 'mapping', 'created_at', 'updated_at'];

function toMapping<T>({
  created_at: createdAt,
  updated_at: updatedAt,
  ...rest
}: MappingRow<T>): StoredMapping<T> {
  return { ...rest, createdAt, updatedAt };
}

/** All mappings of a user, by name. */
export async function listMappings<T>(db: Database, userId: string): Promise<StoredMapping<T>[]> {
  const rows: MappingRow<T>[] = await db('import_mappings')
    .where({ user_id: userId })
    .orderBy('name')
    .limit(MAX_MAPPINGS)
    .select(COLUMNS);
  return rows.map((row) => toMapping(row));
}

export async function findMapping<T>(db: Database, userId: string, name: string): Promise<T | null> {
  const row: MappingRow<T> | undefined = await db('import_mappings')
    .where({ user_id: userId, name })
    .first(COLUMNS);
  return row?.mapping ?? null;
}

/**
 * Saves a mapping under its name, replacing any that has it.
 * @throws Problem `quota-exceeded`
 */
export async function saveMapping<T>(
  db: Database,
  userId: string,
  { id, name, mapping, now }: { id: string; name: string; mapping: T; now: number },
): Promise<{ stored: StoredMapping<T>; isNew: boolean }> {
  return await db.transaction(async (trx) => {
    // Serialises the saves of a user, so that they are counted correctly.
    await trx('users').where({ id: userId }).forUpdate().select('id');
    const existing = await trx('import_mappings').where({ user_id: userId, name }).first('id');
    if (existing === undefined) {
      const rows: { id: string }[] = await trx('import_mappings').where({ user_id: userId }).select('id');
      if (rows.length >= MAX_MAPPINGS) {
        throw problem('quota-exceeded', { detail: `There are ${MAX_MAPPINGS} mappings: delete one.` });
      }
    }
    const time = new Date(now);
    const json = JSON.stringify(mapping);
    const [row]: MappingRow<T>[] = await trx('import_mappings')
      .insert({ id, user_id: userId, name, mapping: json, created_at: time, updated_at: time })
      .onConflict(['user_id', 'name'])
      .merge({ mapping: json, updated_at: time })
      .returning(COLUMNS);
    if (row === undefined) throw new TypeError('a mapping was not written');
    return { stored: toMapping(row), isNew: existing === undefined };
  });
}

/** @returns whether the user had such a mapping */
export async function deleteMapping(db: Database, userId: string, id: string): Promise<boolean> {
  return (await db('import_mappings').where({ user_id: userId, id }).delete()) > 0;
}
