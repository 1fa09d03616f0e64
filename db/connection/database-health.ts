import type { Database } from './database.ts';

export interface DatabaseHealth {
  ready: boolean;
  detail: string | null;
}

/** Whether the database answers, over the same pool as everybody's queries. Takes two seconds at most. */
export function databaseHealth(db: Database): Promise<DatabaseHealth> {
  return db
    .raw('select 1')
    .timeout(2_000)
    .then(() => ({ ready: true, detail: null }))
    .catch(() => ({ ready: false, detail: 'the database does not answer' }));
}
