import { TimeSlice } from '../../../lib/async/time-slice.ts';
import { type Fixed, ZERO } from '../../../lib/money/money.ts';
import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { isAdditive, type CashLeg, type Leg } from '../../../lib/pnl/ledger/leg.ts';
import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import {
  DEFAULT_TOLERANCE,
  emptyState,
  foldLegs,
  unfoldCash,
  type Disposal,
} from '../../../lib/pnl/ledger/position.ts';
import { CashSums } from './cash.ts';
import { checkpointsBefore, dropCheckpoints, saveCheckpoints } from './checkpoints.ts';
import type { Database } from '../../connection/database.ts';
import { entryChunks } from '../entries/entries.ts';
import {
  CHECKPOINT_SPACING,
  foldOn,
  isCash,
  legsByAsset,
  spacingOf,
  type Checkpoint,
  type Progress,
} from './fold.ts';
import { inTurn, type Turns } from '../../connection/in-turn.ts';
import { heapInSlices } from './lot-heap.ts';
import { isLotMethod, loadLots, lotsToSell, replaceLots, saveLots, type LotChange } from './lots.ts';
import { pointDrops } from './points.ts';
import { refoldAll, type PositionOptions } from './refold.ts';
import { emptyHead, headWrites, loadHeads, type Head, type Heads } from './states.ts';
import { dropResults, resultWrites, saveResults } from './trade-results.ts';
import { type Write, writeAtOnce } from '../../connection/write-at-once.ts';

/** What one call changes of the stored positions, written together. */
export interface Draft {
  trx: Database;
  turns: Turns;
  portfolioId: string;
  terms: PortfolioTerms;
  every: number;
  heads: Head[];
  lots: LotChange[];
  checkpoints: Checkpoint[];
  disposals: Disposal[];
  cash: CashSums;
}

export interface ApplyOptions extends PositionOptions {
  /** The present states of all assets that the entries may move, if they are known. */
  heads?: Heads;
  /** Statements of the transaction that are on their way: what is done here comes behind them. */
  turns?: Turns;
}

/**
 * Brings positions up to entries that were added to and removed from the ledger (a change is both). What comes at the
 * end of an asset's history is appended to its state; anything else restates that asset from its last checkpoint before.
 * What is remembered of the portfolio's past from then on is forgotten.
 * @param trx holds the portfolio's lock, and has the entries in or out of the table already, or on their way
 */
export async function applyEntries(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  { added, removed }: { added: readonly LedgerEntry[]; removed: readonly LedgerEntry[] },
  options: ApplyOptions = {},
): Promise<void> {
  const { checkpointSpacing = CHECKPOINT_SPACING, turns = inTurn() } = options;
  const gone = legsByAsset(removed, terms);
  const fresh = legsByAsset(added, terms);
  const assets = [...new Set([...gone.keys(), ...fresh.keys()])];
  const load = (): Promise<Heads> => loadHeads(trx, portfolioId, terms.costMethod, assets);
  const { heads, outdated } = options.heads ?? (await turns.run(load));
  if (outdated.size > 0) {
    return await turns.run(() => refoldAll(trx, portfolioId, terms, { checkpointSpacing }));
  }
  const replaced = removed.map(({ id }) => id);
  void turns.run(() => dropResults(trx, replaced));
  const draft = newDraft(trx, portfolioId, terms, { turns, every: checkpointSpacing });
  const slice = new TimeSlice();
  for (const asset of assets) {
    const head = heads.get(asset) ?? emptyHead(asset);
    const out = gone.get(asset) ?? [];
    const legs = fresh.get(asset) ?? [];
    const first = firstOf(out[0], legs[0]);
    if (isAdditive(asset, terms)) moveCash(draft, head, legs.filter(isCash), out.filter(isCash));
    else if (out.length === 0 && (head.state.last === null || compareOrder(first, head.state.last) > 0)) {
      await append(draft, head, legs);
    } else {
      await restate(draft, asset, first);
    }
    if (slice.isOver) await slice.next();
  }
  await saveDraft(
    draft,
    [...added, ...removed].reduce((time, entry) => Math.min(time, entry.time), Infinity),
  );
}

export function newDraft(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  { turns, every = CHECKPOINT_SPACING }: { turns: Turns; every?: number },
): Draft {
  return {
    trx,
    turns,
    portfolioId,
    terms,
    every,
    heads: [],
    lots: [],
    checkpoints: [],
    disposals: [],
    cash: new CashSums(),
  };
}

/** @param since time of the first entry that was added or removed: what is remembered from then on is forgotten */
export async function saveDraft(draft: Draft, since: number): Promise<void> {
  const { trx, turns, portfolioId, terms } = draft;
  const { costMethod } = terms;
  void turns.run(() => saveLots(trx, draft.lots));
  void turns.run(() => saveCheckpoints(trx, portfolioId, costMethod, draft.checkpoints));
  const results = resultWrites(portfolioId, draft.disposals);
  for (const write of results.splice(1)) void turns.run(() => writeAtOnce(trx, [write]));
  let last: Write[] = [];
  for await (const heads of headWrites(portfolioId, costMethod, draft.heads)) {
    const before = last;
    void turns.run(() => writeAtOnce(trx, before));
    last = heads;
  }
  await turns.run(() =>
    writeAtOnce(trx, [
      ...results,
      ...draft.cash.take(portfolioId),
      ...last,
      ...pointDrops(portfolioId, since),
    ]),
  );
}

function firstOf(a: Leg | undefined, b: Leg | undefined): Leg {
  const first = a !== undefined && b !== undefined ? (compareOrder(a, b) < 0 ? a : b) : (a ?? b);
  if (first === undefined) throw new TypeError('an asset without legs');
  return first;
}

function moveCash(draft: Draft, head: Head, added: readonly CashLeg[], removed: readonly CashLeg[]): void {
  for (const leg of added) draft.cash.add(leg);
  for (const leg of removed) draft.cash.add(leg, -1n);
  const state = foldLegs(unfoldCash(head.state, removed), added, draft.terms.costMethod);
  draft.heads.push({ ...head, state });
}

/** Legs that come after everything the asset has seen. */
async function append(draft: Draft, head: Head, legs: readonly Leg[]): Promise<void> {
  const { trx, turns, portfolioId, terms, every } = draft;
  const { costMethod } = terms;
  const { asset } = head.state;
  const keep = (checkpoint: Checkpoint): void => void draft.checkpoints.push(checkpoint);
  const observer = { onDisposal: (disposal: Disposal): void => void draft.disposals.push(disposal) };
  if (!isLotMethod(costMethod)) {
    draft.heads.push({ ...(await foldOn(head, legs, costMethod, every, keep, observer)), openLots: 0 });
    return;
  }
  const key = { portfolioId, costMethod, asset };
  const isDue = head.entries + legs.length - head.checkpointed >= spacingOf(head.openLots, every);
  // `null`: every lot.
  const needed = isDue || legs.some(touchesEveryLot) ? null : quantityLeaving(legs);
  const before =
    head.openLots === 0 || needed === ZERO
      ? []
      : await turns.run(() => (needed === null ? loadLots(trx, key) : lotsToSell(trx, key, needed)));
  const start: Progress = { ...head, state: { ...head.state, lots: await heapInSlices(costMethod, before) } };
  const next = await foldOn(start, legs, costMethod, isDue ? every : Infinity, keep, observer);
  const openLots = head.openLots - before.length + countLots(next.state.lots);
  draft.heads.push({ ...next, openLots });
  draft.lots.push({ key, before, after: next.state.lots });
}

/** A change of units or of the asset concerns the whole holding. */
function touchesEveryLot({ kind }: Leg): boolean {
  return kind === 'scale' || kind === 'hand-over';
}

/** What is sold, and the dust that a sale may write off with it. */
function quantityLeaving(legs: readonly Leg[]): Fixed {
  return legs.reduce(
    (sum, leg) =>
      leg.kind === 'dispose' || leg.kind === 'release' ? sum + leg.quantity + DEFAULT_TOLERANCE : sum,
    ZERO,
  );
}

/** The asset anew from its last checkpoint before an entry. */
export async function restate(
  draft: Draft,
  asset: string,
  first: { time: number; tie: string },
): Promise<void> {
  const { trx, turns, portfolioId, terms, every } = draft;
  const { costMethod } = terms;
  void turns.run(() => dropCheckpoints(trx, portfolioId, asset, first));
  const bases = await turns.run(() => checkpointsBefore(trx, portfolioId, costMethod, [asset], first));
  const base = bases.get(asset);
  let progress: Progress =
    base === undefined
      ? { state: emptyState(asset), entries: 0, checkpointed: 0 }
      : { ...base, checkpointed: base.entries };
  for await (const entries of entryChunks(trx, portfolioId, asset, { after: progress.state.last }, turns)) {
    const checkpoints: Checkpoint[] = [];
    const disposals: Disposal[] = [];
    const observer = { onDisposal: (disposal: Disposal): void => void disposals.push(disposal) };
    const legs = legsByAsset(entries, terms).get(asset) ?? [];
    const keep = (checkpoint: Checkpoint): void => void checkpoints.push(checkpoint);
    progress = await foldOn(progress, legs, costMethod, every, keep, observer);
    void turns.run(() => saveCheckpoints(trx, portfolioId, costMethod, checkpoints));
    void turns.run(() => saveResults(trx, portfolioId, disposals));
  }
  const { lots } = progress.state;
  draft.heads.push({ ...progress, openLots: countLots(lots) });
  if (!isLotMethod(costMethod)) return;
  const key = { portfolioId, costMethod, asset };
  void turns.run(() => replaceLots(trx, key, lots));
}
