import type { Fixed } from '../../money/money.ts';
import { ZERO, div, mulDiv } from '../../money/money.ts';
import type { Steps } from '../../steps.ts';
import { negated } from '../../money/unknown.ts';
import type { AssetState } from './asset-state.ts';
import { bookFlow, markUnknown, noted } from './booking-notes.ts';
import { type CarriedLot, fitLots } from './carried.ts';
import type { FoldObserver } from './disposal.ts';
import type { CostMethod } from './cost-method.ts';
import type { ReceiveLeg, ReleaseLeg } from './leg-kinds.ts';
import { addLot, LOTS_A_STEP } from './lot.ts';
import { coverageOf, take, type Taken } from './taking.ts';

/**
 * Lots that move from one holding to another with their dates and cost. They leave and arrive at the same value; the
 * excess of that value over their cost is `transferred`, with opposite signs on the two sides. These functions modify
 * the state they are given.
 */
type Draft = AssetState;

export function* bookRelease(
  draft: Draft,
  leg: ReleaseLeg,
  method: CostMethod,
  tolerance: Fixed,
  observer: FoldObserver,
): Steps<void> {
  const { value, quantity, entryId, time } = leg;
  const { covered, uncovered, dust } = coverageOf(quantity, draft.quantity, tolerance);
  const taken = yield* take(draft, covered + dust, method, true);
  const brought = value === null ? null : uncovered === ZERO ? ZERO : mulDiv(value, uncovered, quantity);
  const lots = method === 'average' ? pool(leg, covered + dust, taken) : lotsOf(taken);
  if (uncovered > ZERO) {
    // Like a sale of more than is held: the excess is assumed to have come in at this same value.
    draft.oversold = noted(draft.oversold, entryId);
    bookFlow(draft, leg, brought, observer);
    const cost = brought ?? ZERO;
    const unknown = brought === null ? 'value' : 'nothing';
    lots.push({ entryId, time, quantity: uncovered, cost, grossCost: cost, unknown });
  }
  bookFlow(draft, leg, negated(value), observer);
  const cost = taken.cost + (brought ?? ZERO);
  draft.transferred += (value ?? ZERO) - cost;
  const isKnown = value !== null && taken.costed;
  if (!isKnown) markUnknown(draft, 'transferred');
  if (value === null) draft.unrated = noted(draft.unrated, entryId);
  observer.onRelease?.(entryId, fitLots(lots, quantity));
  observer.onDisposal?.({
    entryId,
    time,
    asset: leg.asset,
    reason: leg.reason,
    quantity,
    uncovered,
    dust,
    fee: ZERO,
    cost: isKnown ? cost : null,
    grossCost: value !== null && taken.priced ? taken.grossCost + (brought ?? ZERO) : null,
    proceeds: { gross: value, net: value },
    realised: { gross: ZERO, net: ZERO },
    openedAt: taken.openedAt,
    matches: method === 'average' ? [] : taken.matches,
  });
}

/** Under `average` the whole holding is one pool. */
function pool({ entryId, time }: ReleaseLeg, quantity: Fixed, taken: Taken): CarriedLot[] {
  if (quantity === ZERO) return [];
  const { cost, grossCost, openedAt } = taken;
  const unknown = !taken.priced ? 'value' : !taken.costed ? 'fee' : 'nothing';
  return [{ entryId, time: openedAt ?? time, quantity, cost, grossCost, unknown }];
}

/** Oldest first: lots keep the order of their purchase, whatever order they were taken in. */
function lotsOf({ matches }: Taken): CarriedLot[] {
  return matches
    .map(({ entryId, time, quantity, cost, grossCost }): CarriedLot => {
      const unknown = grossCost === null ? 'value' : cost === null ? 'fee' : 'nothing';
      return { entryId, time, quantity, cost: cost ?? ZERO, grossCost: grossCost ?? ZERO, unknown };
    })
    .sort((a, b) => a.time - b.time);
}

export function* bookReceive(
  draft: Draft,
  leg: ReceiveLeg,
  method: CostMethod,
  observer: FoldObserver,
): Steps<void> {
  if (leg.outside) bookFlow(draft, leg, leg.value, observer);
  let cost = ZERO;
  let isKnown = leg.value !== null;
  for (const lot of leg.lots[method]) {
    const { entryId, time, quantity, unknown } = lot;
    cost += lot.cost;
    draft.quantity += quantity;
    draft.costBasis += lot.cost;
    draft.grossCost += lot.grossCost;
    draft.openedAt = Math.min(draft.openedAt ?? time, time);
    if (unknown !== 'nothing') {
      isKnown = false;
      draft.openUncosted += 1;
      draft.unrated = noted(draft.unrated, leg.entryId);
    }
    if (unknown === 'value') draft.openUnpriced += 1;
    if (method !== 'average') {
      const own = { seq: draft.acquired, entryId, time, quantity, unknown, left: quantity };
      const { cost: paid, grossCost } = lot;
      draft.lots = addLot(method, draft.lots, { ...own, cost: paid, grossCost });
    }
    draft.acquired += 1;
    if (draft.acquired % LOTS_A_STEP === 0) yield;
  }
  if (method === 'average' && draft.quantity !== ZERO) {
    draft.averagePrice = div(draft.grossCost, draft.quantity);
  }
  if (!leg.outside) return;
  draft.transferred += cost - (leg.value ?? ZERO);
  if (!isKnown) markUnknown(draft, 'transferred');
  if (leg.value === null) draft.unrated = noted(draft.unrated, leg.entryId);
}
