import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import {
  decodeState,
  emptyState,
  encodeState,
  type AssetState,
  type StateJson,
} from '../../../lib/pnl/ledger/position.ts';
import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { STATE_VERSION } from '../../../lib/pnl/ledger/state-json.ts';
import type { Database } from '../../connection/database.ts';
import type { Progress } from './fold.ts';
import type { Write } from '../../connection/write-at-once.ts';

/** The current state of an asset as it is stored: `lots` is `null`, because they have a table of their own. */
export interface Head extends Progress {
  openLots: number;
}

export function emptyHead(asset: string): Head {
  return { state: emptyState(asset), entries: 0, checkpointed: 0, openLots: 0 };
}

/** Whether this version of the fold produced a stored state. If not, it must be rebuilt from the ledger. */
export function isCurrent(state: StateJson): boolean {
  return state.v === STATE_VERSION;
}

export interface Heads {
  heads: Map<string, Head>;
  /** Assets whose state was produced by another version of the fold. */
  outdated: Set<string>;
}

/** The stored states of these assets (`null`: of all). */
export async function loadHeads(
  db: Database,
  portfolioId: string,
  costMethod: CostMethod,
  assets: readonly string[] | null,
): Promise<Heads> {
  const query = db('positions')
    .where({ portfolio_id: portfolioId, cost_method: costMethod })
    .select('asset', 'state', 'entries', 'checkpointed', 'open_lots');
  if (assets !== null) void query.whereRaw('asset = any(?)', [[...assets]]);
  const rows: {
    asset: string;
    state: StateJson;
    entries: number;
    checkpointed: number;
    open_lots: number;
  }[] = await query;
  const heads = new Map<string, Head>();
  const outdated = new Set<string>();
  for (const { asset, state, entries, checkpointed, open_lots: openLots } of rows) {
    if (isCurrent(state)) heads.set(asset, { state: decodeState(state), entries, checkpointed, openLots });
    else outdated.add(asset);
  }
  return { heads, outdated };
}

/** Whether it equals the state of an asset that never had an entry. */
export function isNothing(state: AssetState): boolean {
  // There may be very many lots.
  if (state.last !== null || state.lots !== null) return false;
  const nothing = encodeState({ ...emptyState(state.asset), method: state.method });
  return JSON.stringify(encodeState(state)) === JSON.stringify(nothing);
}

/** States per statement. */
const HEADS_AT_ONCE = 250;

/** Writes some heads, all in one round trip; other work gets a turn before the next. */
export async function* headWrites(
  portfolioId: string,
  costMethod: CostMethod,
  heads: readonly Head[],
): AsyncGenerator<Write[], void, undefined> {
  const slice = new TimeSlice();
  for (let start = 0; start < heads.length; start += HEADS_AT_ONCE) {
    if (slice.isOver) await slice.next();
    yield writesOf(portfolioId, costMethod, heads.slice(start, start + HEADS_AT_ONCE));
  }
}

/** A state without any entry left is not stored. Lots are not written here. */
function writesOf(portfolioId: string, costMethod: CostMethod, heads: readonly Head[]): Write[] {
  const dropped = heads.filter(({ state }) => isNothing(state)).map(({ state }) => state.asset);
  const kept = dropped.length === 0 ? heads : heads.filter(({ state }) => !dropped.includes(state.asset));
  const writes: Write[] = [];
  if (dropped.length > 0) {
    writes.push({
      sql: 'delete from positions where portfolio_id = ? and cost_method = ? and asset = any(?)',
      bindings: [portfolioId, costMethod, dropped],
    });
  }
  if (kept.length > 0) {
    writes.push({
      sql: `insert into positions (portfolio_id, cost_method, asset, state, entries, checkpointed, open_lots)
        select ?, ?, * from unnest(?::text[], ?::jsonb[], ?::integer[], ?::integer[], ?::integer[])
        on conflict (portfolio_id, cost_method, asset) do update set
          state = excluded.state, entries = excluded.entries, checkpointed = excluded.checkpointed,
          open_lots = excluded.open_lots`,
      bindings: [
        portfolioId,
        costMethod,
        kept.map(({ state }) => state.asset),
        kept.map(({ state }) => JSON.stringify(encodeState({ ...state, lots: null }))),
        kept.map(({ entries }) => entries),
        kept.map(({ checkpointed }) => checkpointed),
        kept.map(({ openLots }) => openLots),
      ],
    });
  }
  return writes;
}
