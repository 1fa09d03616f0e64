import type { PortfolioTerms } from '../lib/pnl/entry.ts';
import {
  decodeState,
  emptyState,
  encodeState,
  type AssetState,
  type StateJson,
} from '../lib/pnl/position.ts';
import { STATE_VERSION } from '../lib/pnl/state-json.ts';
import type { Database } from './database.ts';

/** Whether a stored state was made by this version of the fold. If not it must be made anew from the ledger. */
export function isCurrent(state: StateJson): boolean {
  return state.v === STATE_VERSION;
}

/** The stored states of these assets, and which of the assets have one of another version. */
export async function loadStates(
  db: Database,
  portfolioId: string,
  { costMethod }: PortfolioTerms,
  assets: readonly string[],
): Promise<{ states: Map<string, AssetState>; outdated: Set<string> }> {
  const rows: { asset: string; state: StateJson }[] = await db('positions')
    .where({ portfolio_id: portfolioId, cost_method: costMethod })
    .whereRaw('asset = any(?)', [[...assets]])
    .select('asset', 'state');
  const states = new Map<string, AssetState>();
  const outdated = new Set<string>();
  for (const { asset, state } of rows) {
    if (isCurrent(state)) states.set(asset, decodeState(state));
    else outdated.add(asset);
  }
  return { states, outdated };
}

/** A state as if nothing had ever happened is not kept: the entries that made it have gone. */
export async function saveStates(
  trx: Database,
  portfolioId: string,
  { costMethod }: PortfolioTerms,
  states: readonly AssetState[],
): Promise<void> {
  const kept: { asset: string; state: StateJson }[] = [];
  const dropped: string[] = [];
  for (const state of states) {
    const { asset, method } = state;
    const json = encodeState(state);
    const nothing = encodeState({ ...emptyState(asset), method });
    if (JSON.stringify(json) === JSON.stringify(nothing)) dropped.push(asset);
    else kept.push({ asset, state: json });
  }
  if (dropped.length > 0) {
    await trx('positions')
      .where({ portfolio_id: portfolioId, cost_method: costMethod })
      .whereRaw('asset = any(?)', [dropped])
      .delete();
  }
  if (kept.length === 0) return;
  await trx.raw(
    `insert into positions (portfolio_id, cost_method, asset, state)
     select ?, ?, asset, state from json_to_recordset(?::json) as s (asset text, state jsonb)
     on conflict (portfolio_id, cost_method, asset) do update set state = excluded.state`,
    [portfolioId, costMethod, JSON.stringify(kept)],
  );
}
