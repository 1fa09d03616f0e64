import type { Database } from './connection/database.ts';

export interface Fleet {
  /** What all nodes on this database share. */
  id: string;
  /** Changes when the database is restored from a backup: versions then no longer mean what they meant. */
  timeline: string;
}

export async function findFleet(db: Database): Promise<Fleet> {
  const fleet = await db('fleet').first<Fleet | undefined>('id', 'timeline');
  if (fleet === undefined) throw new Error('the database has lost the row of its fleet');
  return fleet;
}

/** To be called on a database that has been restored, before anything else uses it. */
export async function beginTimeline(db: Database): Promise<void> {
  await db.raw('update fleet set timeline = gen_random_uuid()');
}
