import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { decimal, fixed, type Fixed } from '../../../lib/money/money.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { eachLot, type Lot, type LotHeap, type LotMethod } from '../../../lib/pnl/ledger/lot.ts';
import type { Database } from '../../connection/database.ts';

/** Whose lots. */
export interface LotKey {
  portfolioId: string;
  costMethod: LotMethod;
  asset: string;
}

interface LotRow {
  seq: number;
  entry_id: string;
  time: number;
  quantity: string;
  cost: string;
  gross_cost: string;
  open_quantity: string;
  unknown: Lot['unknown'];
}

const COLUMNS = 'seq, entry_id, time, quantity, cost, gross_cost, open_quantity, unknown';

function toLot(row: LotRow): Lot {
  return {
    seq: row.seq,
    entryId: row.entry_id,
    time: row.time,
    quantity: fixed(row.quantity),
    cost: fixed(row.cost),
    grossCost: fixed(row.gross_cost),
    left: fixed(row.open_quantity),
    unknown: row.unknown,
  };
}

/** In which lots are sold; the order of `precedes` in lib/pnl/ledger/lot.ts. */
const SALE_ORDER: Record<LotMethod, string> = {
  fifo: 'time, seq',
  lifo: 'time desc, seq desc',
  hifo: 'unit_cost desc, time, seq',
};

/** While the embedded database reads them, all other statements wait. */
const LOTS_AT_ONCE = 1_000;

/** Every open lot, the oldest purchase first. */
export async function* eachOpenLot(
  db: Database,
  { portfolioId, costMethod, asset }: LotKey,
): AsyncGenerator<Lot, void, undefined> {
  let last: Pick<LotRow, 'time' | 'seq'> | null = null;
  do {
    const { rows }: { rows: LotRow[] } = await db.raw(
      `select ${COLUMNS} from position_lots where portfolio_id = ? and cost_method = ? and asset = ?
       ${last === null ? '' : 'and (time, seq) > (?, ?)'} order by time, seq limit ${LOTS_AT_ONCE}`,
      [portfolioId, costMethod, asset, ...(last === null ? [] : [new Date(last.time), last.seq])],
    );
    for (const row of rows) yield toLot(row);
    last = rows.length < LOTS_AT_ONCE ? null : (rows.at(-1) ?? null);
  } while (last !== null);
}

export async function loadLots(db: Database, key: LotKey): Promise<Lot[]> {
  const lots: Lot[] = [];
  for await (const lot of eachOpenLot(db, key)) lots.push(lot);
  return lots;
}

const FIRST_LOOK = 16;

/**
 * The lots that are sold next, enough of them for `quantity`, or all there are. Whatever else is held or bought meanwhile,
 * a sale of that much takes from no other one of the lots that were there before.
 */
export async function lotsToSell(db: Database, key: LotKey, quantity: Fixed): Promise<Lot[]> {
  const { portfolioId, costMethod, asset } = key;
  const lots: Lot[] = [];
  let found = 0n;
  for (let limit = FIRST_LOOK; found < quantity; limit = Math.min(limit * 8, LOTS_AT_ONCE)) {
    const { rows }: { rows: LotRow[] } = await db.raw(
      `select ${COLUMNS} from position_lots where portfolio_id = ? and cost_method = '${costMethod}' and asset = ?
       order by ${SALE_ORDER[costMethod]} limit ? offset ?`,
      [portfolioId, asset, limit, lots.length],
    );
    for (const row of rows) {
      const lot = toLot(row);
      lots.push(lot);
      found += lot.left;
    }
    if (rows.length < limit) break;
  }
  return lots;
}

/** What a fold did to lots. */
export interface LotChange {
  key: LotKey;
  /** Those that were loaded. */
  before: readonly Lot[];
  after: LotHeap;
}

/** Writes the difference. */
export async function saveLots(trx: Database, changes: readonly LotChange[]): Promise<void> {
  const kept: { key: LotKey; lot: Lot }[] = [];
  const slice = new TimeSlice();
  for (const { key, before, after } of changes) {
    const old = new Map(before.map((lot) => [lot.seq, lot]));
    for (const lot of eachLot(after)) {
      // A lot that a sale has touched is another object.
      if (old.get(lot.seq) !== lot) kept.push({ key, lot });
      old.delete(lot.seq);
      if (slice.isOver) await slice.next();
    }
    if (old.size === 0) continue;
    await trx.raw(
      'delete from position_lots where portfolio_id = ? and cost_method = ? and asset = ? and seq = any(?)',
      [key.portfolioId, key.costMethod, key.asset, [...old.keys()]],
    );
  }
  await upsert(trx, kept);
}

/** Puts these in the place of all lots of the asset. */
export async function replaceLots(trx: Database, key: LotKey, lots: LotHeap): Promise<void> {
  const { portfolioId, costMethod, asset } = key;
  await trx('position_lots').where({ portfolio_id: portfolioId, cost_method: costMethod, asset }).delete();
  await upsert(trx, keyed(key, lots));
}

function* keyed(key: LotKey, lots: LotHeap): Generator<{ key: LotKey; lot: Lot }, void, undefined> {
  for (const lot of eachLot(lots)) yield { key, lot };
}

const ROWS_AT_ONCE = 250;

async function upsert(trx: Database, all: Iterable<{ key: LotKey; lot: Lot }>): Promise<void> {
  for (const rows of inPieces(all, ROWS_AT_ONCE)) {
    const lots = rows.map(({ lot }) => lot);
    await trx.raw(
      `insert into position_lots (portfolio_id, cost_method, asset, ${COLUMNS}, unit_cost)
       select ?, * from unnest(?::text[], ?::text[], ?::integer[], ?::uuid[], ?::timestamptz[], ?::numeric[],
         ?::numeric[], ?::numeric[], ?::numeric[], ?::text[], ?::numeric[])
       on conflict (portfolio_id, cost_method, asset, seq) do update set open_quantity = excluded.open_quantity`,
      [
        rows[0]?.key.portfolioId ?? '',
        rows.map(({ key }) => key.costMethod),
        rows.map(({ key }) => key.asset),
        lots.map(({ seq }) => seq),
        lots.map(({ entryId }) => entryId),
        lots.map(({ time }) => new Date(time).toISOString()),
        lots.map(({ quantity }) => decimal(quantity)),
        lots.map(({ cost }) => decimal(cost)),
        lots.map(({ grossCost }) => decimal(grossCost)),
        lots.map(({ left }) => decimal(left)),
        lots.map(({ unknown }) => unknown),
        rows.map(({ key, lot }) => (key.costMethod === 'hifo' ? unitCost(lot) : '0')),
      ],
    );
  }
}

function* inPieces<T>(all: Iterable<T>, size: number): Generator<T[], void, undefined> {
  let piece: T[] = [];
  for (const item of all) {
    piece.push(item);
    if (piece.length < size) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** So many digits that two unit costs which differ at all differ here, for quantities below 10²² units. */
const UNIT_COST_SCALE = 10n ** 80n;

/** Orders lots as the exact quotient cost ÷ quantity does. */
function unitCost(lot: Lot): string {
  return ((lot.cost * UNIT_COST_SCALE) / lot.quantity).toString();
}

export function isLotMethod(method: CostMethod): method is LotMethod {
  return method !== 'average';
}
