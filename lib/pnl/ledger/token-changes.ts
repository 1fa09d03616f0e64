import type { Fixed } from '../../money/money.ts';
import { ZERO, div, mul, mulDiv } from '../../money/money.ts';
import type { Steps } from '../../steps.ts';
import type { AssetState } from './asset-state.ts';
import { markUnknown } from './booking-notes.ts';
import { type CarriedLot, fitLots } from './carried.ts';
import type { Disposal, FoldObserver } from './disposal.ts';
import type { CostMethod } from './cost-method.ts';
import type { HandOverLeg, ScaleLeg } from './leg-kinds.ts';
import { heapSteps, lotsByAge, openCost } from './lot.ts';
import { take } from './taking.ts';

/** Changes to the whole holding of an asset. These functions modify the state they are given. */
type Draft = AssetState;

export function* bookHandOver(
  draft: Draft,
  leg: HandOverLeg,
  method: CostMethod,
  observer: FoldObserver,
): Steps<void> {
  const held = draft.quantity > ZERO ? draft.quantity : ZERO;
  const lots = yield* openLots(draft, leg, method);
  if (leg.reason === 'fork') {
    const given = lots.map((lot) => shareOf(lot, leg.per));
    observer.onRelease?.(leg.entryId, forked(given, leg));
    const kept = lots.map((lot, nth) => without(lot, given[nth]));
    yield* replace(draft, kept, method);
    const cost = sumOf(given, 'cost');
    observer.onDisposal?.(
      handedOver(draft, leg, { quantity: ZERO, cost, grossCost: sumOf(given, 'grossCost') }),
    );
    return;
  }
  const arriving = mulDiv(held, leg.quantity, leg.per);
  if (arriving === ZERO) {
    observer.onRelease?.(leg.entryId, []);
    yield* writeOff(draft, leg, method, observer);
    return;
  }
  observer.onRelease?.(leg.entryId, fitLots(lots, arriving));
  const taken = yield* take(draft, held, method, true);
  observer.onDisposal?.(
    handedOver(draft, leg, {
      quantity: held,
      cost: taken.costed ? taken.cost : null,
      grossCost: taken.priced ? taken.grossCost : null,
      openedAt: taken.openedAt,
      matches: method === 'average' ? [] : taken.matches,
    }),
  );
}

export function* bookScale(
  draft: Draft,
  leg: ScaleLeg,
  method: CostMethod,
  observer: FoldObserver,
): Steps<void> {
  const { quantity, per } = leg;
  const lots = yield* openLots(draft, leg, method);
  const scaled = mulDiv(draft.quantity, quantity, per);
  if (scaled > ZERO) yield* replace(draft, fitLots(lots, scaled), method);
  else yield* writeOff(draft, leg, method, observer);
  if (draft.lastFill !== null) {
    draft.lastFill = { ...draft.lastFill, price: mulDiv(draft.lastFill.price, per, quantity) };
  }
}

/** The holding is so small that nothing results: its cost is lost. */
function* writeOff(
  draft: Draft,
  { entryId, time, asset }: Pick<HandOverLeg, 'entryId' | 'time' | 'asset'>,
  method: CostMethod,
  observer: FoldObserver,
): Steps<void> {
  if (draft.quantity <= ZERO) return;
  const quantity = draft.quantity;
  const { cost, grossCost, costed, priced, openedAt, matches } = yield* take(draft, quantity, method, true);
  draft.realisedNet -= cost;
  draft.realisedGross -= grossCost;
  if (!costed) markUnknown(draft, 'realisedNet');
  if (!priced) markUnknown(draft, 'realisedGross');
  observer.onDisposal?.({
    entryId,
    time,
    asset,
    reason: 'write-off',
    quantity,
    uncovered: ZERO,
    dust: ZERO,
    fee: ZERO,
    cost: costed ? cost : null,
    grossCost: priced ? grossCost : null,
    proceeds: { gross: ZERO, net: ZERO },
    realised: { gross: priced ? -grossCost : null, net: costed ? -cost : null },
    openedAt,
    matches: method === 'average' ? [] : matches,
  });
}

/** The holding, oldest lot first; under `average`, one lot. */
function* openLots(
  draft: Draft,
  { entryId }: Pick<HandOverLeg, 'entryId'>,
  method: CostMethod,
): Steps<CarriedLot[]> {
  const { quantity, costBasis: cost, grossCost, openedAt, openUncosted, openUnpriced } = draft;
  if (quantity <= ZERO) return [];
  if (method === 'average') {
    const unknown = openUnpriced > 0 ? 'value' : openUncosted > 0 ? 'fee' : 'nothing';
    return [{ entryId, time: openedAt ?? 0, quantity, cost, grossCost, unknown }];
  }
  return (yield* lotsByAge(draft.lots)).map((lot) => {
    const { time, left, unknown } = lot;
    return { entryId: lot.entryId, time, quantity: left, ...openCost(lot), unknown };
  });
}

/** Replaces the lots of a holding. They get new numbers, because stored lots never change. */
function* replace(draft: Draft, lots: readonly CarriedLot[], method: CostMethod): Steps<void> {
  draft.quantity = lots.reduce((sum, lot) => sum + lot.quantity, ZERO);
  draft.costBasis = sumOf(lots, 'cost');
  draft.grossCost = sumOf(lots, 'grossCost');
  if (method === 'average') {
    draft.averagePrice = draft.quantity === ZERO ? ZERO : div(draft.grossCost, draft.quantity);
    return;
  }
  draft.openUncosted = lots.filter(({ unknown }) => unknown !== 'nothing').length;
  draft.openUnpriced = lots.filter(({ unknown }) => unknown === 'value').length;
  const first = draft.acquired;
  draft.acquired += lots.length;
  draft.lots = yield* heapSteps(
    method,
    lots.map((lot, nth) => ({ ...lot, seq: first + nth, left: lot.quantity })),
  );
}

function shareOf(lot: CarriedLot, share: Fixed): CarriedLot {
  return { ...lot, cost: mul(lot.cost, share), grossCost: mul(lot.grossCost, share) };
}

function without(lot: CarriedLot, given: CarriedLot | undefined): CarriedLot {
  return {
    ...lot,
    cost: lot.cost - (given?.cost ?? ZERO),
    grossCost: lot.grossCost - (given?.grossCost ?? ZERO),
  };
}

/** What a fork brings in: as old as the lots it comes from. If nothing was held, it has no cost. */
function forked(given: readonly CarriedLot[], { entryId, time, quantity }: HandOverLeg): CarriedLot[] {
  if (given.length > 0) return fitLots(given, quantity);
  return [{ entryId, time, quantity, cost: ZERO, grossCost: ZERO, unknown: 'nothing' }];
}

function sumOf(lots: readonly CarriedLot[], figure: 'cost' | 'grossCost'): Fixed {
  return lots.reduce((sum, lot) => sum + lot[figure], ZERO);
}

function handedOver(
  { openedAt }: Draft,
  { entryId, time, asset, reason }: HandOverLeg,
  of: Pick<Disposal, 'quantity' | 'cost' | 'grossCost'> & Partial<Disposal>,
): Disposal {
  return {
    entryId,
    time,
    asset,
    reason,
    uncovered: ZERO,
    dust: ZERO,
    fee: ZERO,
    proceeds: { gross: of.grossCost, net: of.cost },
    realised: { gross: ZERO, net: ZERO },
    openedAt,
    matches: [],
    ...of,
  };
}
