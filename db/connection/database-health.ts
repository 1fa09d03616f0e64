import type { Database } from './database.ts';

export interface DatabaseHealth {
  ready: boolean;
  detail: string | null;
}

/**
 * Whether the database answers and takes writes, over the same pool as everybody's queries. Takes at most two seconds.
 * After a failover the server may have become a standby, which only answers.
 */
export function databaseHealth(db: Database): Promise<DatabaseHealth> {
  return db
    .raw<{ rows: { read_only: string }[] }>(`select current_setting('transaction_read_only') as read_only`)
    .timeout(2_000)
    .then(({ rows }) =>
      rows[0]?.read_only === 'off'
        ? { ready: true, detail: null }
        : { ready: false, detail: 'the database is read-only, perhaps a standby' },
    )
    .catch(() => ({ ready: false, detail: 'the database does not answer' }));
}
