import type { Fixed } from '../../money/money.ts';
import { ZERO, min, mulDiv } from '../../money/money.ts';
import type { AssetState } from './asset-state.ts';
import { meanTime } from './disposal.ts';
import type { CostMethod } from './cost-method.ts';
import type { LotMatch } from './lot.ts';
import { dropTop, LOTS_A_STEP, openCost, shrinkTop } from './lot.ts';
import type { Steps } from '../../steps.ts';

/** What was taken out of a holding. */
export interface Taken {
  cost: Fixed;
  grossCost: Fixed;
  /** Whether `cost` is known. */
  costed: boolean;
  /** Whether `grossCost` is known. */
  priced: boolean;
  openedAt: number | null;
  matches: LotMatch[];
}

/** The part of `quantity` that is held. */
export function coverageOf(
  quantity: Fixed,
  held: Fixed,
  tolerance: Fixed,
): { covered: Fixed; uncovered: Fixed; dust: Fixed } {
  const covered = min(quantity, held);
  const missing = quantity - covered;
  // Rounding at the exchange can sell slightly more than was bought, which is not a transfer.
  const uncovered = covered > ZERO && missing < tolerance ? ZERO : missing;
  const dust = covered > ZERO && held - covered < tolerance ? held - covered : ZERO;
  return { covered, uncovered, dust };
}

/**
 * Takes `quantity`, or as much of it as is held, out of the given state. The cost taken is the change in the state's
 * cost, so nothing is lost to rounding.
 */
export function* take(draft: AssetState, quantity: Fixed, method: CostMethod, listed: boolean): Steps<Taken> {
  const before = { cost: draft.costBasis, grossCost: draft.grossCost };
  const taken: Taken = {
    cost: ZERO,
    grossCost: ZERO,
    costed: true,
    priced: true,
    openedAt: draft.openedAt,
    matches: [],
  };
  if (quantity === ZERO) return taken;
  if (method === 'average') takeFromPool(draft, quantity, taken);
  else yield* takeFromLots(draft, quantity, method, listed, taken);
  draft.quantity -= quantity;
  if (draft.quantity === ZERO) {
    draft.averagePrice = ZERO;
    draft.openedAt = null;
    draft.openUncosted = 0;
    draft.openUnpriced = 0;
  }
  taken.cost = before.cost - draft.costBasis;
  taken.grossCost = before.grossCost - draft.grossCost;
  return taken;
}

function takeFromPool(draft: AssetState, quantity: Fixed, taken: Taken): void {
  taken.costed = draft.openUncosted === 0;
  taken.priced = draft.openUnpriced === 0;
  draft.costBasis -= mulDiv(draft.costBasis, quantity, draft.quantity);
  draft.grossCost -= mulDiv(draft.grossCost, quantity, draft.quantity);
}

function* takeFromLots(
  draft: AssetState,
  quantity: Fixed,
  method: Exclude<CostMethod, 'average'>,
  listed: boolean,
  taken: Taken,
): Steps<void> {
  let wanted = quantity;
  let touched = 0;
  while (wanted > ZERO && draft.lots !== null) {
    touched += 1;
    if (touched % LOTS_A_STEP === 0) yield;
    const top = draft.lots;
    const { lot } = top;
    const part = min(wanted, lot.left);
    const open = openCost(lot);
    const left = openCost({ ...lot, left: lot.left - part });
    const cost = open.cost - left.cost;
    const grossCost = open.grossCost - left.grossCost;
    draft.costBasis -= cost;
    draft.grossCost -= grossCost;
    if (lot.unknown !== 'nothing') taken.costed = false;
    if (lot.unknown === 'value') taken.priced = false;
    if (part === lot.left) {
      draft.lots = dropTop(method, top);
      if (lot.unknown !== 'nothing') draft.openUncosted -= 1;
      if (lot.unknown === 'value') draft.openUnpriced -= 1;
    } else {
      draft.lots = shrinkTop(top, lot.left - part);
    }
    if (listed) {
      const { entryId, time, unknown } = lot;
      taken.matches.push({
        entryId,
        time,
        quantity: part,
        cost: unknown === 'nothing' ? cost : null,
        grossCost: unknown === 'value' ? null : grossCost,
      });
    }
    wanted -= part;
  }
  if (listed) taken.openedAt = meanTime(taken.matches);
}
