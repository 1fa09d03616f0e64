import type { Database } from './database.ts';

/**
 * Runs queries that see the same state of the database, without blocking others. The embedded database has
 * one connection: there everybody else waits.
 */
export async function inSnapshot<T>(db: Database, task: (trx: Database) => Promise<T>): Promise<T> {
  if (db.isTransaction === true) return await task(db);
  return await db.transaction(task, { isolationLevel: 'repeatable read', readOnly: true });
}

/**
 * Writes what was computed from a version of a ledger, unless the ledger has changed since.
 * @returns whether it was written
 */
export async function ifUnmoved(
  db: Database,
  portfolioId: string,
  version: number,
  write: (trx: Database) => Promise<void>,
): Promise<boolean> {
  return await db.transaction(async (trx) => {
    // Writers of the ledger hold this row: it waits for them, and they for it.
    const row: unknown = await trx('portfolios').where({ id: portfolioId, version }).forShare().first('id');
    if (row === undefined) return false;
    await write(trx);
    return true;
  });
}
