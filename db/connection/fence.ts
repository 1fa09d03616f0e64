import type { Database } from './database.ts';

/** The lease of this work has passed to another holder, which has already written. */
export class LeaseLostError extends Error {
  constructor(name: string) {
    super(`the lease ${name} has passed to another holder`);
    this.name = 'LeaseLostError';
  }
}

/**
 * Runs the writes of a lease's holder in one transaction, unless a later holder has already written. Holders are
 * serialised: the row of the lease is locked until the end.
 * @throws LeaseLostError
 */
export async function fenced<T>(
  db: Database,
  { name, fence }: { name: string; fence: number },
  write: (trx: Database) => Promise<T>,
): Promise<T> {
  return await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: unknown[] }>(
      `insert into fences (name, fence) values (?, ?)
       on conflict (name) do update set fence = excluded.fence where fences.fence <= excluded.fence
       returning fence`,
      [name, fence],
    );
    if (rows.length === 0) throw new LeaseLostError(name);
    return await write(trx);
  });
}
