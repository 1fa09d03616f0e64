import { TimeSlice } from '../../../lib/async/time-slice.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { ZERO } from '../../../lib/money/money.ts';
import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import {
  type AssetState,
  decodeState,
  encodeState,
  type StateJson,
} from '../../../lib/pnl/ledger/position.ts';
import { STATE_VERSION } from '../../../lib/pnl/ledger/state-json.ts';
import type { Database } from '../../connection/database.ts';
import { loadCheckpointLots, saveCheckpointLots } from './checkpoint-lots.ts';
import type { Checkpoint } from './fold.ts';
import { isLotMethod } from './lots.ts';

/** States of this much text go into a statement of their own. */
const BYTES_AT_ONCE = 65_536;
/** So many lots are stored in the state. More of them are in a table of their own, all of them. */
const LOTS_WITHIN = 250;

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
    const { asset, lots } = state;
    const place = { asset, time: new Date(time).toISOString(), tie };
    const isApart = countLots(lots) > LOTS_WITHIN;
    const text = JSON.stringify(encodeState(isApart ? { ...state, lots: null } : state));
    batch.push({ ...place, entries, state: text });
    bytes += text.length;
    if (bytes >= BYTES_AT_ONCE || isApart) await flush();
    if (isApart) await saveCheckpointLots(trx, { portfolioId, costMethod, ...place }, lots);
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
  const { rows }: { rows: { asset: string; entries: number; state: string }[] } = await db.raw(
    `select wanted.asset, c.entries, c.state::text as state from unnest(:assets::text[]) as wanted (asset)
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
  // As text, since the driver would parse all of them at once.
  const checkpoints = new Map<string, Checkpoint>();
  const slice = new TimeSlice();
  for (const { asset, entries, state } of rows) {
    const decoded = decodeState(JSON.parse(state) as StateJson);
    checkpoints.set(asset, { entries, state: await withLotsApart(db, portfolioId, decoded) });
    if (slice.isOver) await slice.next();
  }
  return checkpoints;
}

async function withLotsApart(db: Database, portfolioId: string, state: AssetState): Promise<AssetState> {
  const { asset, method, quantity, lots, last } = state;
  if (method === null || !isLotMethod(method) || quantity === ZERO || lots !== null || last === null)
    return state;
  const { tie } = last;
  const time = new Date(last.time).toISOString();
  return {
    ...state,
    lots: await loadCheckpointLots(db, { portfolioId, costMethod: method, asset, time, tie }),
  };
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
