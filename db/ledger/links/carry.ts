import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import { inSlices, TimeSlice } from '../../../lib/async/time-slice.ts';
import { type Carried, type CarriedLot, encodeCarriedSteps } from '../../../lib/pnl/ledger/carried.ts';
import { COST_METHODS, type CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { compareOrder, type LedgerEntry } from '../../../lib/pnl/ledger/entry.ts';
import { emptyState } from '../../../lib/pnl/ledger/position.ts';
import { problem } from '../../../lib/problem.ts';
import { allowTime, LONG_WORK_MS } from '../../connection/time-limit.ts';
import type { Database } from '../../connection/database.ts';
import {
  bySource,
  type CarryEdge,
  edgesFrom,
  holdingOf,
  type Place,
  type Start,
} from '../entries/carry-edges.ts';
import { checkpointsBefore, saveCheckpoints } from '../positions/checkpoints.ts';
import { entriesTouching } from '../entries/entries.ts';
import { ENTRY_COLUMNS, type EntryRow, toEntry } from '../entries/entry-row.ts';
import { CHECKPOINT_SPACING, foldOn, legsByAsset, type Progress, spacingOf } from '../positions/fold.ts';
import { ledgerOf, type Ledgers } from '../portfolios/linked-ledgers.ts';
import {
  isMovement,
  isTokenChange,
  type StoredTokenChange,
  type StoredTransfer,
} from '../entries/stored-entry.ts';

/**
 * Coins moved to another portfolio keep their lots, and so do those of a renamed asset: a holding may depend on another
 * one, in this ledger or another. The row of a deposit or rename contains the lots that it brings under every cost
 * method, so that each holding can be folded on its own. When a holding changes, the lots that have left it since are
 * computed again here, and so are those of the holdings where they arrived.
 */

/** The number of lots in one transfer: they are stored in one row, and read with it. */
const CARRIED_LOTS = 10_000;
const CHUNK = 1_000;

/** What brings lots into a holding. */
type Bringing = StoredTransfer | StoredTokenChange;

/** A deposit, or a change of an asset, that now brings other lots. */
export interface Recarried {
  before: Bringing;
  after: Bringing;
}

/**
 * Computes again, in all of these ledgers, what depends on changed holdings, and writes it to the rows of the deposits.
 * Positions are left to the caller.
 * @param ledgers all that are linked
 * @param starts the entries that have changed are already in the table in their new form
 * @returns the deposits that bring other lots than before, in no particular order
 * @throws Problem `conflict` for transfers that form a circle, or have too many lots
 */
export async function recarry(
  trx: Database,
  ledgers: Ledgers,
  starts: readonly Start[],
): Promise<Recarried[]> {
  const firsts = new Map<string, Start>();
  for (const start of starts) {
    const known = firsts.get(holdingOf(start));
    if (known === undefined || compareOrder(start.from, known.from) < 0) firsts.set(holdingOf(start), start);
  }
  if (firsts.size === 0) return [];
  const edges = await edgesFrom(trx, ledgers, firsts);
  if (edges.length === 0) return [];
  await allowTime(trx, LONG_WORK_MS);
  const released = new Map<string, Record<CostMethod, readonly CarriedLot[]>>();
  for (const edge of edges) {
    released.set(edge.source.entryId, { average: [], fifo: [], lifo: [], hifo: [] });
  }
  for (const method of COST_METHODS) {
    for (const [entryId, lots] of await releases(trx, ledgers, { method, edges, firsts })) {
      const all = released.get(entryId);
      if (all !== undefined) all[method] = lots;
    }
  }
  return await saveCarried(trx, edges, released);
}

/** The history of a holding, folded as far as the lots that it needs are known. */
interface Stream {
  start: Start;
  /** The last position at which anything is released. */
  until: Place;
  progress: Progress;
  /** The number of entries in the checkpoint that it began with. */
  begun: number;
  entries: LedgerEntry[];
  /** The position in the ledger from which the next entries are read. */
  after: Place | null;
  isOver: boolean;
}

interface Pass {
  method: CostMethod;
  edges: readonly CarryEdge[];
  firsts: ReadonlyMap<string, Start>;
}

/**
 * What leaves each holding under one cost method, by the entry that takes it. The holdings are folded side by side: one
 * that reaches a deposit whose lots are not known yet waits until the other one has reached the withdrawal.
 */
async function releases(
  trx: Database,
  ledgers: Ledgers,
  { method, edges, firsts }: Pass,
): Promise<Map<string, readonly CarriedLot[]>> {
  const found = new Map<string, readonly CarriedLot[]>();
  const arriving = new Map(edges.map((edge) => [`${holdingOf(edge.target)} ${edge.target.entryId}`, edge]));
  const streams: Stream[] = [];
  for (const [key, leaving] of bySource(edges)) {
    const start = firsts.get(key);
    if (start === undefined) continue;
    const { portfolioId, asset, from } = start;
    const bases = await checkpointsBefore(trx, portfolioId, method, [asset], from);
    const base = bases.get(asset) ?? { state: emptyState(asset), entries: 0 };
    const until =
      leaving
        .map(({ source }) => source.from)
        .toSorted(compareOrder)
        .at(-1) ?? from;
    streams.push({
      start,
      until,
      progress: { ...base, checkpointed: base.entries },
      begun: base.entries,
      entries: [],
      after: base.state.last,
      isOver: false,
    });
  }
  const slice = new TimeSlice();
  const observer = {
    onRelease: (entryId: string, lots: readonly CarriedLot[]): void => {
      if (lots.length > CARRIED_LOTS) throw tooManyLots();
      found.set(entryId, lots);
    },
  };
  /**
   * Folds as much of a stream as possible.
   * @returns whether it made progress
   */
  const advance = async (stream: Stream): Promise<boolean> => {
    const { portfolioId, asset } = stream.start;
    const terms = { ...ledgerOf(ledgers, portfolioId), costMethod: method };
    let gotOn = false;
    while (!stream.isOver) {
      if (stream.entries.length === 0) {
        stream.entries = await entriesTouching(trx, portfolioId, asset, { after: stream.after }, CHUNK);
        if (stream.entries.length === 0) stream.isOver = true;
      }
      const ready: LedgerEntry[] = [];
      for (const entry of stream.entries) {
        if (compareOrder(entry, stream.until) > 0) {
          stream.isOver = true;
          break;
        }
        const edge = arriving.get(`${holdingOf(stream.start)} ${entry.id}`);
        const lots = edge && found.get(edge.source.entryId);
        if (edge !== undefined && lots === undefined) break;
        ready.push(edge && lots ? withLots(entry, edge, method, lots) : entry);
      }
      stream.entries = stream.entries.slice(ready.length);
      const last = ready.at(-1);
      if (last === undefined) return gotOn;
      stream.after = { time: last.time, tie: last.tie };
      const legs = legsByAsset(ready, terms).get(asset) ?? [];
      stream.progress = await foldOn(stream.progress, legs, method, Infinity, () => {}, observer);
      gotOn = true;
      if (slice.isOver) await slice.next();
    }
    return gotOn;
  };
  for (let open = streams; open.length > 0; open = open.filter(({ isOver }) => !isOver)) {
    let gotOn = false;
    for (const stream of open) gotOn = (await advance(stream)) || stream.isOver || gotOn;
    if (!gotOn) throw circle();
  }
  for (const { start, progress, begun } of streams) {
    const spacing = spacingOf(countLots(progress.state.lots), CHECKPOINT_SPACING);
    if (progress.entries - begun < spacing) continue;
    await saveCheckpoints(trx, start.portfolioId, method, [progress]);
  }
  return found;
}

const NONE = { average: [], fifo: [], lifo: [], hifo: [] };

function withLots(
  entry: LedgerEntry,
  { value }: CarryEdge,
  method: CostMethod,
  lots: readonly CarriedLot[],
): LedgerEntry {
  if (entry.kind !== 'deposit' && !('from' in entry)) return entry;
  return { ...entry, carried: { value, lots: { ...NONE, [method]: lots } } };
}

async function saveCarried(
  trx: Database,
  edges: readonly CarryEdge[],
  released: ReadonlyMap<string, Carried['lots']>,
): Promise<Recarried[]> {
  const { rows } = await trx.raw<{ rows: EntryRow[] }>(
    `select ${ENTRY_COLUMNS} from ledger_entries where id = any(?::uuid[])`,
    [edges.map(({ target }) => target.entryId)],
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  const changed: Recarried[] = [];
  const slice = new TimeSlice();
  for (const { source, target, value } of edges) {
    const row = stored.get(target.entryId);
    const lots = released.get(source.entryId);
    if (row === undefined || lots === undefined) continue;
    const before = toEntry(row);
    const carried = { value, lots };
    const json = JSON.stringify(await inSlices(encodeCarriedSteps(carried), slice));
    await slice.next();
    if (row.carried !== null && JSON.stringify(row.carried) === json) continue;
    if (!isMovement(before) && !isTokenChange(before)) continue;
    await trx('ledger_entries').where({ id: row.id }).update({ carried: json });
    changed.push({ before, after: { ...before, carried } });
  }
  return changed;
}

function circle(): Error {
  return problem('conflict', {
    detail:
      'The same coins would go round between portfolios: a deposit is earlier than the withdrawal that it follows from. Part one of the transfers, or correct its times.',
  });
}

function tooManyLots(): Error {
  return problem('conflict', {
    detail: `The transfer would carry more than ${CARRIED_LOTS} lots. Part the two entries, or transfer less at once.`,
  });
}
