import type { Fixed } from '../../money/money.ts';
import { ZERO, div, mulDiv } from '../../money/money.ts';
import type { Steps } from '../../steps.ts';
import type { AssetState } from './asset-state.ts';
import { NO_NOTE } from './asset-state.ts';
import { bookFlow, flowOf, markUnknown, noted } from './booking-notes.ts';
import type { CostMethod } from './cost-method.ts';
import type { Disposal, FoldObserver } from './disposal.ts';
import type { AcquireLeg, CashLeg, DisposeLeg } from './leg-kinds.ts';
import { addLot } from './lot.ts';
import { coverageOf, take } from './taking.ts';

/**
 * Books one leg onto a state under construction. These functions modify the state they are given; only `foldLegs` calls
 * them, on its own copy.
 */
type Draft = AssetState;

/** A `sign` of −1n undoes the leg. */
export function bookCash(draft: Draft, leg: CashLeg, sign: 1n | -1n, observer: FoldObserver): void {
  draft.quantity += sign * leg.quantity;
  draft.costBasis += sign * leg.quantity;
  draft.grossCost += sign * leg.quantity;
  draft.income += sign * leg.income;
  draft.fees += sign * leg.fee;
  draft.realisedNet -= sign * leg.fee;
  if (leg.fee !== ZERO) observer.onDisposal?.(cashFee(leg));
  draft.contributions += sign * leg.contribution;
  if (leg.contribution > ZERO) draft.inflows += sign * leg.contribution;
  if (leg.contribution !== ZERO) observer.onFlow?.({ ...flowOf(leg), value: leg.contribution });
}

export function bookAcquire(draft: Draft, leg: AcquireLeg, method: CostMethod, observer: FoldObserver): void {
  const cost = leg.cost ?? ZERO;
  const grossCost = leg.grossCost ?? ZERO;
  bookTotals(draft, leg, observer);
  noteUnvalued(draft, leg);
  draft.income += leg.income ?? ZERO;
  if (leg.gain !== ZERO) bookGain(draft, leg, observer);
  if (leg.income === null) markUnknown(draft, 'income');
  if (leg.cost === null || leg.grossCost === null) draft.unrated = noted(draft.unrated, leg.entryId);
  if (leg.quantity <= ZERO) {
    writeOff(draft, leg, observer);
    return;
  }
  draft.openedAt ??= leg.time;
  draft.quantity += leg.quantity;
  draft.costBasis += cost;
  draft.grossCost += grossCost;
  if (leg.cost === null) draft.openUncosted += 1;
  if (leg.grossCost === null) draft.openUnpriced += 1;
  if (method === 'average') {
    draft.averagePrice = div(draft.grossCost, draft.quantity);
  } else {
    const unknown = leg.grossCost === null ? 'value' : leg.cost === null ? 'fee' : 'nothing';
    const { entryId, time, quantity } = leg;
    const lot = {
      seq: draft.acquired,
      entryId,
      time,
      quantity,
      cost,
      grossCost,
      left: quantity,
      unknown,
    } as const;
    draft.lots = addLot(method, draft.lots, lot);
  }
  draft.acquired += 1;
}

export function* bookDispose(
  draft: Draft,
  leg: DisposeLeg,
  method: CostMethod,
  tolerance: Fixed,
  observer: FoldObserver,
): Steps<void> {
  const { covered, uncovered, dust } = coverageOf(leg.quantity, draft.quantity, tolerance);
  const taken = yield* take(draft, covered + dust, method, observer.onDisposal !== undefined);

  const brought =
    uncovered === ZERO || leg.gross === null ? ZERO : mulDiv(leg.gross, uncovered, leg.quantity);
  if (leg.unmatched) draft.unmatched = noted(draft.unmatched, leg.entryId);
  if (uncovered > ZERO) {
    draft.oversold = noted(draft.oversold, leg.entryId);
    bookFlow(draft, leg, leg.gross === null ? null : brought, observer);
  }
  bookTotals(draft, leg, observer);
  noteUnvalued(draft, leg);
  const isAtCost = leg.atCost || leg.unvalued !== null;
  if (leg.atCost) {
    draft.fees += taken.cost;
    if (!taken.costed) markUnknown(draft, 'fees');
  }
  draft.realisedNet += (leg.net ?? ZERO) - taken.cost - brought;
  if (!isAtCost) draft.realisedGross += (leg.gross ?? ZERO) - taken.grossCost - brought;
  const netKnown = leg.net !== null && leg.gross !== null && taken.costed;
  const grossKnown = isAtCost || (leg.gross !== null && taken.priced);
  if (!netKnown) markUnknown(draft, 'realisedNet');
  if (!grossKnown) markUnknown(draft, 'realisedGross');
  if (leg.net === null || leg.gross === null) draft.unrated = noted(draft.unrated, leg.entryId);

  if (observer.onDisposal === undefined) return;
  const { entryId, time, asset, reason, quantity, gross, net } = leg;
  const fee = !leg.atCost ? leg.fee : taken.costed ? taken.cost : null;
  const cost = taken.costed && leg.gross !== null ? taken.cost + brought : null;
  const grossCost = leg.gross !== null && taken.priced ? taken.grossCost + brought : null;
  const disposal: Disposal = {
    entryId,
    time,
    asset,
    reason,
    quantity,
    uncovered,
    dust,
    fee,
    cost,
    grossCost,
    proceeds: proceedsOf(leg, grossCost),
    realised: {
      gross: isAtCost ? ZERO : gross === null || grossCost === null ? null : gross - grossCost,
      net: net === null || cost === null ? null : net - cost,
    },
    openedAt: taken.openedAt,
    matches: taken.matches,
  };
  observer.onDisposal(disposal);
}

/** For a fee taken at cost, what the coins had cost; for one without a price, unknown. */
function proceedsOf(leg: DisposeLeg, grossCost: Fixed | null): Disposal['proceeds'] {
  if (leg.unvalued !== null) return { gross: null, net: null };
  return leg.atCost ? { gross: grossCost, net: ZERO } : { gross: leg.gross, net: leg.net };
}

/** Gains and losses without a sale. */
function cashFee({ entryId, time, asset, fee }: CashLeg): Disposal {
  return gainOf({ entryId, time, asset, reason: fee > ZERO ? 'fee' : 'rebate', fee }, -fee);
}

function bookGain(draft: Draft, leg: AcquireLeg, observer: FoldObserver): void {
  draft.realisedNet += leg.gain;
  const { entryId, time, asset, fee } = leg;
  observer.onDisposal?.(gainOf({ entryId, time, asset, reason: 'rebate', fee }, leg.gain));
}

function gainOf(of: Pick<Disposal, 'entryId' | 'time' | 'asset' | 'reason' | 'fee'>, net: Fixed): Disposal {
  return {
    ...of,
    quantity: ZERO,
    uncovered: ZERO,
    dust: ZERO,
    cost: ZERO,
    grossCost: ZERO,
    proceeds: { gross: ZERO, net },
    realised: { gross: ZERO, net },
    openedAt: null,
    matches: [],
  };
}

/** A purchase of zero (an amount that rounds to nothing): its cost is lost at once. */
function writeOff(draft: Draft, leg: AcquireLeg, observer: FoldObserver): void {
  draft.realisedNet -= leg.cost ?? ZERO;
  draft.realisedGross -= leg.grossCost ?? ZERO;
  if (leg.cost === null) markUnknown(draft, 'realisedNet');
  if (leg.grossCost === null) markUnknown(draft, 'realisedGross');
  const { entryId, time, asset, fee, cost, grossCost } = leg;
  observer.onDisposal?.({
    entryId,
    time,
    asset,
    reason: 'write-off',
    quantity: ZERO,
    uncovered: ZERO,
    dust: ZERO,
    fee,
    cost,
    grossCost,
    openedAt: null,
    matches: [],
    proceeds: { gross: ZERO, net: ZERO },
    realised: { gross: grossCost === null ? null : -grossCost, net: cost === null ? null : -cost },
  });
}

/** What both kinds of leg add to the totals. */
function bookTotals(draft: Draft, leg: AcquireLeg | DisposeLeg, observer: FoldObserver): void {
  draft.fees += leg.fee ?? ZERO;
  if (leg.fee === null) markUnknown(draft, 'fees');
  bookFlow(draft, leg, leg.contribution, observer);
}

function noteUnvalued(draft: Draft, { unvalued, entryId, quantity }: AcquireLeg | DisposeLeg): void {
  if (unvalued === null) return;
  const before = draft.unvalued[unvalued];
  const note = noted(before?.note ?? NO_NOTE, entryId);
  draft.unvalued = {
    ...draft.unvalued,
    [unvalued]: { quantity: (before?.quantity ?? ZERO) + quantity, note },
  };
}
