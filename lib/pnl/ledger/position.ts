import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, div } from '../../money/money.ts';
import { atOnce, type Steps } from '../../steps.ts';
import type { AssetState } from './asset-state.ts';
import { bookAcquire, bookCash, bookDispose } from './booking.ts';
import { bookReceive, bookRelease } from './carrying.ts';
import { bookHandOver, bookScale } from './token-changes.ts';
import type { FoldObserver } from './disposal.ts';
import type { CostMethod } from './cost-method.ts';
import type { CashLeg, Leg } from './leg-kinds.ts';

export type { AssetState, Note } from './asset-state.ts';
export { emptyState } from './asset-state.ts';
export type { Disposal, Flow, FoldObserver } from './disposal.ts';
export type { StateJson } from './state-json.ts';
export { decodeState, encodeState } from './state-json.ts';

/** A holding smaller than this after a sale counts as sold: it is the dust that exchanges leave behind. */
export const DEFAULT_TOLERANCE: Fixed = ONE / 10n ** 9n;

const LEGS_A_STEP = 16;

export interface FoldOptions extends FoldObserver {
  /** The dust tolerance of this asset, which must be the same in every fold. */
  tolerance?: Fixed;
}

/**
 * The state after further legs of its asset, which must be in ledger order (any order for the base currency). The given
 * state is not modified. A leg costs O(1) under `average`, and O(log lots) per lot touched under the other methods.
 * @throws RangeError for a leg of another asset, or a state folded with another method
 */
export function* foldSteps(
  state: AssetState,
  legs: readonly Leg[],
  method: CostMethod,
  options: FoldOptions = {},
): Steps<AssetState> {
  if (legs.length === 0) return state;
  if (state.method !== null && state.method !== method) {
    throw new RangeError(`${state.asset} was folded with ${state.method}, not ${method}`);
  }
  const draft = { ...state };
  let booked = 0;
  for (const leg of legs) {
    yield* bookLeg(draft, leg, method, options);
    booked += 1;
    if (booked % LEGS_A_STEP === 0) yield;
  }
  if (method !== 'average' && draft.method !== null) {
    draft.averagePrice = draft.quantity === ZERO ? ZERO : div(draft.grossCost, draft.quantity);
  }
  return draft;
}

/** `foldSteps`, at once. */
export function foldLegs(
  state: AssetState,
  legs: readonly Leg[],
  method: CostMethod,
  options: FoldOptions = {},
): AssetState {
  return atOnce(foldSteps(state, legs, method, options));
}

/** The base currency's state without some of its legs. @throws RangeError for a leg of another asset */
export function unfoldCash(state: AssetState, legs: readonly CashLeg[]): AssetState {
  const draft = { ...state };
  for (const leg of legs) {
    assertOwn(draft, leg);
    bookCash(draft, leg, -1n, {});
  }
  return draft;
}

function* bookLeg(draft: AssetState, leg: Leg, method: CostMethod, options: FoldOptions): Steps<void> {
  assertOwn(draft, leg);
  if (leg.kind === 'cash') {
    bookCash(draft, leg, 1n, options);
    return;
  }
  draft.method = method;
  const { tolerance = DEFAULT_TOLERANCE } = options;
  if (leg.kind === 'acquire') bookAcquire(draft, leg, method, options);
  else if (leg.kind === 'dispose') yield* bookDispose(draft, leg, method, tolerance, options);
  else if (leg.kind === 'receive') yield* bookReceive(draft, leg, method, options);
  else if (leg.kind === 'release') yield* bookRelease(draft, leg, method, tolerance, options);
  else if (leg.kind === 'hand-over') yield* bookHandOver(draft, leg, method, options);
  else yield* bookScale(draft, leg, method, options);
  if ('fill' in leg && leg.fill !== null) draft.lastFill = leg.fill;
  draft.last = { time: leg.time, tie: leg.tie };
}

function assertOwn(state: AssetState, leg: Leg): void {
  if (leg.asset !== state.asset) throw new RangeError(`a leg of ${leg.asset} in the fold of ${state.asset}`);
}
