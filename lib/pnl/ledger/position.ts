import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, div } from '../../money/money.ts';
import type { AssetState } from './asset-state.ts';
import { bookAcquire, bookCash, bookDispose } from './booking.ts';
import type { FoldObserver } from './disposal.ts';
import type { CostMethod } from './entry.ts';
import type { CashLeg, Leg } from './leg-kinds.ts';

export type { AssetState, Note } from './asset-state.ts';
export { emptyState } from './asset-state.ts';
export type { Disposal, Flow, FoldObserver } from './disposal.ts';
export type { StateJson } from './state-json.ts';
export { decodeState, encodeState } from './state-json.ts';

/** A holding smaller than this after a sale is taken as sold: what exchanges leave behind as dust. */
export const DEFAULT_TOLERANCE: Fixed = ONE / 10n ** 9n;

export interface FoldOptions extends FoldObserver {
  /** Of this asset; must be the same in every fold of it. */
  tolerance?: Fixed;
}

/**
 * The state after further legs of its asset, which must be in ledger order (the base currency's in any). The given
 * state stays as it was. A leg costs O(1) under `average`, and O(log lots) for each lot touched under the others.
 * @throws RangeError for a leg of another asset, or a state folded with another method
 */
export function foldLegs(
  state: AssetState,
  legs: readonly Leg[],
  method: CostMethod,
  options: FoldOptions = {},
): AssetState {
  if (legs.length === 0) return state;
  if (state.method !== null && state.method !== method) {
    throw new RangeError(`${state.asset} was folded with ${state.method}, not ${method}`);
  }
  const draft = { ...state };
  for (const leg of legs) bookLeg(draft, leg, method, options);
  if (method !== 'average' && draft.method !== null) {
    draft.averagePrice = draft.quantity === ZERO ? ZERO : div(draft.grossCost, draft.quantity);
  }
  return draft;
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

function bookLeg(draft: AssetState, leg: Leg, method: CostMethod, options: FoldOptions): void {
  assertOwn(draft, leg);
  if (leg.kind === 'cash') {
    bookCash(draft, leg, 1n, options);
    return;
  }
  draft.method = method;
  if (leg.kind === 'acquire') bookAcquire(draft, leg, method, options);
  else bookDispose(draft, leg, method, options.tolerance ?? DEFAULT_TOLERANCE, options);
  if (leg.fill !== null) draft.lastFill = leg.fill;
  draft.last = { time: leg.time, tie: leg.tie };
}

function assertOwn(state: AssetState, leg: Leg): void {
  if (leg.asset !== state.asset) throw new RangeError(`a leg of ${leg.asset} in the fold of ${state.asset}`);
}
