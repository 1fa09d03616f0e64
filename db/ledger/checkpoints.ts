import type { CostMethod } from '../../lib/pnl/ledger/entry.ts';
import { decodeState, encodeState, type StateJson } from '../../lib/pnl/ledger/position.ts';
import { STATE_VERSION } from '../../lib/pnl/ledger/state-json.ts';
import type { Database } from '../connection/database.ts';
import type { Checkpoint } from './fold.ts';

/** States of this much text go into a statement of their own. */
const BYTES_AT_ONCE = 65_536;

export async function saveCheckpoints(
  trx: Database,
  portfolioId: string,
  costMethod: CostMethod,
  checkpoints: readonly Checkpoint[],
): Promise<void> {
  let batch: { asset: string; time: string; tie: string; entries: number; state: string }[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    bytes = 0;
    if (rows.length === 0) return;
    await trx.raw(
      `insert into position_checkpoints (portfolio_id, cost_method, version, asset, time, tie, entries, state)
       select ?, ?, ?, * from unnest(?::text[], ?::timestamptz[], ?::text[], ?::integer[], ?::json[])
       on conflict (portfolio_id, cost_method, asset, time, tie)
       do update set version = excluded.version, entries = excluded.entries, state = excluded.state`,
      [
        portfolioId,
        costMethod,
        STATE_VERSION,
        rows.map(({ asset }) => asset),
        rows.map(({ time }) => time),
        rows.map(({ tie }) => tie),
        rows.map(({ entries }) => entries),
        rows.map(({ state }) => state),
      ],
    );
  };
  for (const { state, entries } of checkpoints) {
    if (state.last === null) continue;
    const { time, tie } = state.last;
    const text = JSON.stringify(encodeState(state));
    batch.push({ asset: state.asset, time: new Date(time).toISOString(), tie, entries, state: text });
    bytes += text.length;
    if (bytes >= BYTES_AT_ONCE) await flush();
  }
  await flush();
}

/** The last checkpoint of each asset before a place in the ledger. A `tie` of `''`: before the instant. */
export async function checkpointsBefore(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod,
  assets: readonly string[],
  before: { time: number; tie: string } | null,
): Promise<Map<string, Checkpoint>> {
  const { rows }: { rows: { asset: string; entries: number; state: StateJson }[] } = await db.raw(
    `select wanted.asset, c.entries, c.state from unnest(:assets::text[]) as wanted (asset)
     cross join lateral (
       select entries, state from position_checkpoints
       where portfolio_id = :portfolioId and cost_method = :costMethod and asset = wanted.asset
         and version = :version ${before === null ? '' : 'and (time, tie) < (cast(:time as timestamptz), :tie)'}
       order by time desc, tie desc limit 1
     ) c`,
    {
      assets: [...assets],
      portfolioId,
      costMethod,
      version: STATE_VERSION,
      ...(before === null ? {} : { time: new Date(before.time), tie: before.tie }),
    },
  );
  return new Map(rows.map(({ asset, entries, state }) => [asset, { entries, state: decodeState(state) }]));
}

/** Deletes those of every method that an entry at this place is in, or would be. */
export async function dropCheckpoints(
  trx: Database,
  portfolioId: string,
  asset: string,
  from: { time: number; tie: string },
): Promise<void> {
  await trx.raw(
    `delete from position_checkpoints
     where portfolio_id = ? and cost_method = any('{average,fifo,lifo,hifo}') and asset = ? and (time, tie) >= (?, ?)`,
    [portfolioId, asset, new Date(from.time), from.tie],
  );
}

export async function dropAllCheckpoints(trx: Database, portfolioId: string): Promise<void> {
  await trx('position_checkpoints').where({ portfolio_id: portfolioId }).delete();
}
