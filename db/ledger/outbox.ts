import type { Database } from '../connection/database.ts';

/** The change of a ledger that something is to be told of. */
export interface NewsKey {
  portfolioId: string;
  /** Of the ledger, after the change. */
  version: number;
}

export interface News extends NewsKey {
  /** JSON texts, to be told in this order. */
  records: string[];
}

/** The row of the outbox: see `advance`, which writes it together with the version. */
export function newsRow({ portfolioId, version, records }: News, now: number): object {
  const created = new Date(now);
  return { portfolio_id: portfolioId, version, records: `[${records.join(',')}]`, created_at: created };
}

/** What was written before a time (epoch milliseconds) and has not been told, oldest first. */
export async function untoldNews(db: Database, before: number, limit: number): Promise<News[]> {
  const rows: { portfolio_id: string; version: number; records: string }[] = await db('outbox')
    .where('created_at', '<=', new Date(before))
    .orderBy([{ column: 'created_at' }, { column: 'version' }])
    .limit(limit)
    .select('portfolio_id', 'version', 'records');
  return rows.map(({ portfolio_id: portfolioId, version, records }) => ({
    portfolioId,
    version,
    records: (JSON.parse(records) as unknown[]).map((record) => JSON.stringify(record)),
  }));
}

/** Takes out what has been told. */
export async function dropNews(db: Database, keys: readonly NewsKey[]): Promise<void> {
  const ids = keys.map(({ portfolioId }) => portfolioId);
  const versions = keys.map(({ version }) => version);
  await db.raw(
    `delete from outbox using unnest(?::uuid[], ?::bigint[]) as told (portfolio_id, version)
     where outbox.portfolio_id = told.portfolio_id and outbox.version = told.version`,
    [ids, versions],
  );
}
