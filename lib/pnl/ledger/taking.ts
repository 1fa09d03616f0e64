import type { Fixed } from '../../money/money.ts';
import { ZERO, min, mulDiv } from '../../money/money.ts';
import type { AssetState } from './asset-state.ts';
import { meanTime } from './disposal.ts';
import type { CostMethod } from './entry.ts';
import type { LotMatch } from './lot.ts';
import { dropTop, openCost, shrinkTop } from './lot.ts';

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

/** Takes `quantity`, at most what is held, out of the state given. What it cost is the difference it makes to the state, so nothing is lost. */
export function take(draft: AssetState, quantity: Fixed, method: CostMethod, listed: boolean): Taken {
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
  else takeFromLots(draft, quantity, method, listed, taken);
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

function takeFromLots(
  draft: AssetState,
  quantity: Fixed,
  method: Exclude<CostMethod, 'average'>,
  listed: boolean,
  taken: Taken,
): void {
  let wanted = quantity;
  while (wanted > ZERO && draft.lots !== null) {
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
