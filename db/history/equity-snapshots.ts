import { decimal, fixed, type Fixed } from '../../lib/money/money.ts';
import type { Database } from '../connection/database.ts';

/** A portfolio's equity as published at some moment, in base currency. */
export interface EquityPoint {
  /** Epoch milliseconds. */
  time: number;
  equity: Fixed;
  /** External money and coins in minus out up to then. */
  contributions: Fixed;
}

export interface EquitySnapshot extends EquityPoint {
  portfolioId: string;
  /** Of the ledger. */
  version: number;
}

/** Keeps those whose ledger is still the one they were computed from: a late entry voids them. */
export async function saveEquitySnapshots(db: Database, snapshots: readonly EquitySnapshot[]): Promise<void> {
  await db.raw(
    `insert into equity_snapshots (portfolio_id, time, equity, contributions)
     select p.id, s.time, s.equity, s.contributions
     from unnest(?::uuid[], ?::bigint[], ?::timestamptz[], ?::numeric[], ?::numeric[])
       as s (id, version, time, equity, contributions)
     join portfolios p on p.id = s.id and p.version = s.version
     on conflict (portfolio_id, time) do nothing`,
    [
      snapshots.map(({ portfolioId }) => portfolioId),
      snapshots.map(({ version }) => version),
      snapshots.map(({ time }) => new Date(time).toISOString()),
      snapshots.map(({ equity }) => decimal(equity)),
      snapshots.map(({ contributions }) => decimal(contributions)),
    ],
  );
}

/** Those of [from, to), oldest first, the newest `limit`. `history` fills the gaps. */
export async function equitySnapshots(
  db: Database,
  portfolioId: string,
  { from, to, limit = 5_000 }: { from: number; to: number; limit?: number },
): Promise<EquityPoint[]> {
  const rows: { time: number; equity: string; contributions: string }[] = await db('equity_snapshots')
    .where({ portfolio_id: portfolioId })
    .andWhere('time', '>=', new Date(from))
    .andWhere('time', '<', new Date(to))
    .orderBy('time', 'desc')
    .limit(limit)
    .select('time', 'equity', 'contributions');
  return rows.reverse().map(({ time, equity, contributions }) => ({
    time,
    equity: fixed(equity),
    contributions: fixed(contributions),
  }));
}

/** Deletes those from before a time, of every portfolio. */
export async function pruneEquitySnapshots(db: Database, before: number): Promise<number> {
  return await db('equity_snapshots').where('time', '<', new Date(before)).delete();
}
