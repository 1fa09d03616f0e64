import type { Database } from './connection/database.ts';

/** The id that all nodes on this database share. */
export async function fleetId(db: Database): Promise<string> {
  const row = await db('fleet').first<{ id: string } | undefined>('id');
  if (row === undefined) throw new Error('the database has lost the id of its fleet');
  return row.id;
}
