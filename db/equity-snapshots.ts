import { decimal, fixed, type Fixed } from '../lib/money.ts';
import type { Database } from './database.ts';

/** What was published as a portfolio's equity at some moment, base currency. */
export interface EquitySnapshot {
  /** Epoch milliseconds. */
  time: number;
  equity: Fixed;
  /** External money and coins in minus out up to then. */
  contributions: Fixed;
}

/** Keeps one, if the ledger is still the one it was made of: a late entry has made the others void. */
export async function saveEquitySnapshot(
  db: Database,
  portfolioId: string,
  version: number,
  { time, equity, contributions }: EquitySnapshot,
): Promise<void> {
  await db.raw(
    `insert into equity_snapshots (portfolio_id, time, equity, contributions)
     select id, ?, ?, ? from portfolios where id = ? and version = ?
     on conflict (portfolio_id, time) do nothing`,
    [new Date(time), decimal(equity), decimal(contributions), portfolioId, version],
  );
}

/** Those of [from, to), oldest first, the newest `limit`. Where there are gaps `history` knows what was between. */
export async function equitySnapshots(
  db: Database,
  portfolioId: string,
  { from, to, limit = 5_000 }: { from: number; to: number; limit?: number },
): Promise<EquitySnapshot[]> {
  const rows: { time: number; equity: string; contributions: string }[] = await db('equity_snapshots')
    .where({ portfolio_id: portfolioId })
    .andWhere('time', '>=', new Date(from))
    .andWhere('time', '<', new Date(to))
    .orderBy('time', 'desc')
    .limit(limit)
    .select('time', 'equity', 'contributions');
  return rows
    .reverse()
    .map(({ time, equity, contributions }) => ({
      time,
      equity: fixed(equity),
      contributions: fixed(contributions),
    }));
}

/** Deletes those from before a time, of every portfolio. */
export async function pruneEquitySnapshots(db: Database, before: number): Promise<number> {
  return await db('equity_snapshots').where('time', '<', new Date(before)).delete();
}
