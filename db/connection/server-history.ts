import { errorCode } from './error-code.ts';
import type { Knex } from 'knex';
import type { PooledClient } from './pooled-client.ts';

/** Where a server stands in its history. */
export interface HistoryPoint {
  /** The name of the history. It changes with the cluster, at a promotion, and when a dump has recreated the tables. */
  branch: string;
  /** When the server was started. Only a server that was stopped can have got older files. */
  startedAt: string;
  /** Bytes of the write-ahead log on disk. On a branch they shrink only when older files are put back. */
  written: number;
}

type PointRow = { [Column in keyof HistoryPoint]: string | null };

/** What a standby has written belongs to the history of its primary. */
const READ = `
  select concat_ws('.', system_identifier, substr(pg_walfile_name(lsn), 1, 8), to_regclass('fleet')::oid) as branch,
    extract(epoch from pg_postmaster_start_time())::text as "startedAt",
    (lsn - '0/0'::pg_lsn)::text as written
  from pg_control_system(),
    (select case when not pg_is_in_recovery() then pg_current_wal_flush_lsn() end as lsn) as flushed`;

/** SQLSTATE of a server that only speaks PostgreSQL's protocol, or does not let this role ask. */
const UNSUPPORTED = new Set(['0A000', '42501', '42883']);

const READ_MS = 5_000;

/** @returns `null` for a standby, and for a server that does not say */
export async function readHistory(db: Knex): Promise<HistoryPoint | null> {
  try {
    const { rows } = await db.raw<{ rows: PointRow[] }>(READ).timeout(READ_MS);
    return pointOf(rows[0]);
  } catch (error) {
    if (error instanceof Error && UNSUPPORTED.has(errorCode(error) ?? '')) return null;
    throw error;
  }
}

/** Reports the server behind each new connection before anything else uses it. */
export class ServerHistory {
  #listener: (point: HistoryPoint) => void = () => undefined;

  onConnection(listener: (point: HistoryPoint) => void): void {
    this.#listener = listener;
  }

  /** A server that does not say is used all the same. */
  read(client: PooledClient, done: () => void): void {
    client.query(READ, (error, result) => {
      const point = error === null ? pointOf((result as { rows: PointRow[] }).rows[0]) : null;
      if (point !== null) this.#listener(point);
      done();
    });
  }
}

function pointOf(row: PointRow | undefined): HistoryPoint | null {
  if (row === undefined || row.branch === null || row.startedAt === null || row.written === null) return null;
  return { branch: row.branch, startedAt: row.startedAt, written: Number(row.written) };
}
