import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { eachLot, type Lot, type LotHeap, type LotMethod } from '../../../lib/pnl/ledger/lot.ts';
import { decodeLot, encodeLot, type LotJson } from '../../../lib/pnl/ledger/state-json.ts';
import type { Database } from '../../connection/database.ts';
import { jsonPieces } from '../../connection/json-pieces.ts';
import { heapInSlices } from './lot-heap.ts';

/** Whose lots, and after which entry. */
export interface CheckpointKey {
  portfolioId: string;
  costMethod: CostMethod;
  asset: string;
  time: string;
  tie: string;
}

const KEY = 'portfolio_id, cost_method, asset, time, tie';

/** Puts these in the place of what there may be. */
export async function saveCheckpointLots(
  trx: Database,
  { portfolioId, costMethod, asset, time, tie }: CheckpointKey,
  lots: LotHeap,
): Promise<void> {
  const key = [portfolioId, costMethod, asset, time, tie];
  await trx.raw(`delete from checkpoint_lots where (${KEY}) = (?, ?, ?, ?, ?)`, key);
  let piece = 0;
  for await (const json of jsonPieces(rowsOf(lots))) {
    await trx.raw(
      `insert into checkpoint_lots (${KEY}, piece, lots) values (?, ?, ?, ?, ?, ?, ?)
       on conflict (${KEY}, piece) do update set lots = excluded.lots`,
      [...key, piece, json],
    );
    piece += 1;
  }
}

function* rowsOf(lots: LotHeap): Generator<LotJson, void, undefined> {
  for (const lot of eachLot(lots)) yield encodeLot(lot);
}

const PIECES_AT_ONCE = 16;

export async function loadCheckpointLots(
  db: Database,
  key: CheckpointKey & { costMethod: LotMethod },
): Promise<LotHeap> {
  return await heapInSlices(key.costMethod, eachSaved(db, key));
}

async function* eachSaved(
  db: Database,
  { portfolioId, costMethod, asset, time, tie }: CheckpointKey,
): AsyncGenerator<Lot, void, undefined> {
  for (let start = 0; ; start += PIECES_AT_ONCE) {
    const { rows }: { rows: { lots: string }[] } = await db.raw(
      `select lots::text as lots from checkpoint_lots
       where (${KEY}) = (?, ?, ?, ?, ?) and piece >= ? and piece < ? order by piece`,
      [portfolioId, costMethod, asset, time, tie, start, start + PIECES_AT_ONCE],
    );
    for (const { lots } of rows) yield* (JSON.parse(lots) as LotJson[]).map(decodeLot);
    if (rows.length < PIECES_AT_ONCE) return;
  }
}
