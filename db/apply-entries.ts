import { ZERO } from '../lib/money.ts';
import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../lib/pnl/entry.ts';
import { isAdditive, type CashLeg, type Leg } from '../lib/pnl/leg.ts';
import { heapOf } from '../lib/pnl/lot.ts';
import { DEFAULT_TOLERANCE, emptyState, foldLegs, unfoldCash, type Disposal } from '../lib/pnl/position.ts';
import { CashSums } from './cash.ts';
import { checkpointsBefore, dropCheckpoints, saveCheckpoints } from './checkpoints.ts';
import type { Database } from './database.ts';
import { entryChunks } from './entries.ts';
import {
  CHECKPOINT_SPACING,
  countLots,
  foldOn,
  isCash,
  legsByAsset,
  spacingOf,
  type Checkpoint,
  type Progress,
} from './fold.ts';
import { isLotMethod, loadLots, lotsToSell, replaceLots, saveLots, type LotChange } from './lots.ts';
import { dropPoints } from './points.ts';
import { refoldAll, type PositionOptions } from './refold.ts';
import { emptyHead, loadHeads, saveHeads, type Head } from './states.ts';
import { dropResults, saveResults } from './trade-results.ts';

/** What one call changes of the stored positions, written together. */
interface Draft {
  trx: Database;
  portfolioId: string;
  terms: PortfolioTerms;
  every: number;
  heads: Head[];
  lots: LotChange[];
  checkpoints: Checkpoint[];
  disposals: Disposal[];
  cash: CashSums;
}

/**
 * Brings positions up to entries that were added to and removed from the ledger (a change is both). What comes at the
 * end of an asset's history is appended to its state; anything else restates that asset from its last checkpoint before.
 * What is remembered of the portfolio's past from then on is forgotten.
 * @param trx holds the portfolio's lock, and has the entries in or out of the table already
 */
export async function applyEntries(
  trx: Database,
  portfolioId: string,
  terms: PortfolioTerms,
  { added, removed }: { added: readonly LedgerEntry[]; removed: readonly LedgerEntry[] },
  { checkpointSpacing = CHECKPOINT_SPACING }: PositionOptions = {},
): Promise<void> {
  const gone = legsByAsset(removed, terms);
  const fresh = legsByAsset(added, terms);
  const assets = [...new Set([...gone.keys(), ...fresh.keys()])];
  const { heads, outdated } = await loadHeads(trx, portfolioId, terms.costMethod, assets);
  if (outdated.size > 0) return await refoldAll(trx, portfolioId, terms, { checkpointSpacing });
  await dropResults(
    trx,
    removed.map(({ id }) => id),
  );
  const draft: Draft = {
    trx,
    portfolioId,
    terms,
    every: checkpointSpacing,
    heads: [],
    lots: [],
    checkpoints: [],
    disposals: [],
    cash: new CashSums(),
  };
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
  }
  await draft.cash.save(trx, portfolioId);
  await saveLots(trx, draft.lots);
  await saveResults(trx, portfolioId, draft.disposals);
  await saveCheckpoints(trx, portfolioId, terms.costMethod, draft.checkpoints);
  await saveHeads(trx, portfolioId, terms.costMethod, draft.heads);
  await dropPoints(trx, portfolioId, Math.min(...[...added, ...removed].map(({ time }) => time)));
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
  const { trx, portfolioId, terms, every } = draft;
  const { costMethod } = terms;
  const { asset } = head.state;
  const keep = (checkpoint: Checkpoint): void => void draft.checkpoints.push(checkpoint);
  const observer = { onDisposal: (disposal: Disposal): void => void draft.disposals.push(disposal) };
  if (!isLotMethod(costMethod)) {
    draft.heads.push({ ...foldOn(head, legs, costMethod, every, keep, observer), openLots: 0 });
    return;
  }
  const key = { portfolioId, costMethod, asset };
  const isDue = head.entries + legs.length - head.checkpointed >= spacingOf(head.openLots, every);
  // What is sold, and the dust that a sale may write off with it.
  const leaving = legs.reduce(
    (sum, leg) => (leg.kind === 'dispose' ? sum + leg.quantity + DEFAULT_TOLERANCE : sum),
    ZERO,
  );
  const before =
    head.openLots === 0
      ? []
      : isDue
        ? await loadLots(trx, key)
        : leaving === ZERO
          ? []
          : await lotsToSell(trx, key, leaving);
  const start: Progress = { ...head, state: { ...head.state, lots: heapOf(costMethod, before) } };
  const next = foldOn(start, legs, costMethod, isDue ? every : Infinity, keep, observer);
  const openLots = head.openLots - before.length + countLots(next.state.lots);
  draft.heads.push({ ...next, openLots });
  draft.lots.push({ key, before, after: next.state.lots });
}

/** The asset anew from its last checkpoint before an entry. */
async function restate(draft: Draft, asset: string, first: { time: number; tie: string }): Promise<void> {
  const { trx, portfolioId, terms, every } = draft;
  const { costMethod } = terms;
  await dropCheckpoints(trx, portfolioId, asset, first);
  const base = (await checkpointsBefore(trx, portfolioId, costMethod, [asset], first)).get(asset);
  let progress: Progress =
    base === undefined
      ? { state: emptyState(asset), entries: 0, checkpointed: 0 }
      : { ...base, checkpointed: base.entries };
  for await (const entries of entryChunks(trx, portfolioId, asset, { after: progress.state.last })) {
    const checkpoints: Checkpoint[] = [];
    const disposals: Disposal[] = [];
    const observer = { onDisposal: (disposal: Disposal): void => void disposals.push(disposal) };
    const legs = legsByAsset(entries, terms).get(asset) ?? [];
    const keep = (checkpoint: Checkpoint): void => void checkpoints.push(checkpoint);
    progress = foldOn(progress, legs, costMethod, every, keep, observer);
    await saveCheckpoints(trx, portfolioId, costMethod, checkpoints);
    await saveResults(trx, portfolioId, disposals);
  }
  const { lots } = progress.state;
  draft.heads.push({ ...progress, openLots: countLots(lots) });
  if (isLotMethod(costMethod)) await replaceLots(trx, { portfolioId, costMethod, asset }, lots);
}
