import { inSlices, TimeSlice } from '../../../lib/async/time-slice.ts';
import type { CostMethod } from '../../../lib/pnl/ledger/cost-method.ts';
import { compareOrder, type LedgerEntry, type PortfolioTerms } from '../../../lib/pnl/ledger/entry.ts';
import { legsOf, type CashLeg, type Leg } from '../../../lib/pnl/ledger/leg.ts';
import { countLots } from '../../../lib/pnl/ledger/lot.ts';
import { foldSteps, type AssetState, type FoldObserver } from '../../../lib/pnl/ledger/position.ts';

/**
 * Entries of an asset between two of its checkpoints. Half of them are folded once more by each late entry (some 10 ms),
 * and a checkpoint under `average` is a row of less than a kilobyte.
 */
export const CHECKPOINT_SPACING = 500;

/** What an asset's state was after an entry of it: `state.last`. */
export interface Checkpoint {
  state: AssetState;
  /** How many entries are in it. */
  entries: number;
}

/** A state on its way through the ledger. */
export interface Progress extends Checkpoint {
  /** `entries` of the last checkpoint. */
  checkpointed: number;
}

/**
 * A checkpoint holds every open lot, so writing and reading it costs as much as there are lots. It is due after as many
 * entries as half of them: all checkpoints together take no more room than a few times the ledger, and a late entry
 * folds at most half as many entries more as it has lots to read.
 */
export function spacingOf(openLots: number, every: number): number {
  return Math.max(every, Math.ceil(openLots / 2));
}

/**
 * Folds whole entries and leaves checkpoints on the way.
 * @param legs of one asset, in ledger order
 * @param every Infinity: no checkpoints
 * @param observer told what each leg does
 */
export async function foldOn(
  from: Progress,
  legs: readonly Leg[],
  method: CostMethod,
  every: number,
  keep: (checkpoint: Checkpoint) => void,
  observer: FoldObserver = {},
): Promise<Progress> {
  const slice = new TimeSlice();
  let { state, entries, checkpointed } = from;
  let due = checkpointed + every;
  let start = 0;
  for (const [index, leg] of legs.entries()) {
    if (leg.entryId === legs[index + 1]?.entryId) continue;
    entries += 1;
    if (entries < due) continue;
    state = await inSlices(foldSteps(state, legs.slice(start, index + 1), method, observer), slice);
    start = index + 1;
    const spacing = spacingOf(countLots(state.lots), every);
    if (entries - checkpointed >= spacing && state.last !== null) {
      keep({ state, entries });
      checkpointed = entries;
      due = entries + every;
    } else {
      due = checkpointed + spacing;
    }
  }
  state = await inSlices(foldSteps(state, legs.slice(start), method, observer), slice);
  return { state, entries, checkpointed };
}

/** In ledger order, whatever order the entries come in. */
export function legsByAsset(entries: readonly LedgerEntry[], terms: PortfolioTerms): Map<string, Leg[]> {
  const legs = new Map<string, Leg[]>();
  for (const entry of entries.toSorted(compareOrder)) {
    for (const leg of legsOf(entry, terms)) {
      const ofAsset = legs.get(leg.asset);
      if (ofAsset) ofAsset.push(leg);
      else legs.set(leg.asset, [leg]);
    }
  }
  return legs;
}

export function isCash(leg: Leg): leg is CashLeg {
  return leg.kind === 'cash';
}
