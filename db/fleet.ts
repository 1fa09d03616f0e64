import type { Database } from './connection/database.ts';

export interface Fleet {
  /** What all nodes on this database share. */
  id: string;
  /** Changes when the database is restored from a backup: versions then no longer mean what they meant. */
  timeline: string;
  /** Whether its market is made up; `null` before any feed. */
  marketSimulated: boolean | null;
  /** How often that has changed. */
  marketGeneration: number;
}

interface FleetRow {
  id: string;
  timeline: string;
  market_simulated: boolean | null;
  market_generation: number;
}

export async function findFleet(db: Database): Promise<Fleet> {
  const row = await db('fleet').first<FleetRow | undefined>();
  if (row === undefined) throw new Error('the database has lost the row of its fleet');
  const { id, timeline, market_simulated: marketSimulated, market_generation: marketGeneration } = row;
  return { id, timeline, marketSimulated, marketGeneration };
}

/** Says what the market is from now on. @returns its generation: one more, if it was something else before */
export async function adoptMarket(
  db: Database,
  isSimulated: boolean,
): Promise<{ generation: number; hasChanged: boolean }> {
  const { rows }: { rows: { generation: number; was: boolean | null }[] } = await db.raw(
    `with before as (select is_only_row, market_simulated as was from fleet for update)
     update fleet f set market_simulated = ?,
       market_generation = market_generation + case when was <> ? then 1 else 0 end
     from before where f.is_only_row = before.is_only_row
     returning market_generation as generation, was`,
    [isSimulated, isSimulated],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the database has lost the row of its fleet');
  return { generation: row.generation, hasChanged: row.was !== null && row.was !== isSimulated };
}

/** Call it on a restored database before anything else uses it. */
export async function beginTimeline(db: Database): Promise<void> {
  await db.raw('update fleet set timeline = gen_random_uuid()');
}
