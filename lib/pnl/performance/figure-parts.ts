import { type Fixed, ZERO } from '../../money/money.ts';
import { plus } from '../../money/unknown.ts';
import type { Steps } from '../../steps.ts';
import { ALL_KNOWN, type AssetState } from '../ledger/asset-state.ts';
import type { CostMethod } from '../ledger/cost-method.ts';
import type { Leg } from '../ledger/leg-kinds.ts';
import { emptyState, foldSteps } from '../ledger/position.ts';

/** Figures that are sums over entries, whatever the prices are now. All but `quantity` are in base currency. */
export const SUMMED_FIGURES = [
  'quantity',
  'netContributions',
  'realizedPnl',
  'income',
  'fees',
  'transferredPnl',
] as const;
export type SummedFigure = (typeof SUMMED_FIGURES)[number];

/** What each figure is in the state of an asset; `null` without a rate. */
const VALUES: Record<SummedFigure, (state: AssetState) => Fixed | null> = {
  quantity: ({ quantity }) => quantity,
  netContributions: ({ unknown, contributions }) => (unknown.contributions ? null : contributions),
  realizedPnl: ({ unknown, realisedNet }) => (unknown.realisedNet ? null : realisedNet),
  income: ({ unknown, income }) => (unknown.income ? null : income),
  fees: ({ unknown, fees }) => (unknown.fees ? null : fees),
  transferredPnl: ({ unknown, transferred }) => (unknown.transferred ? null : transferred),
};

/** Takes the legs of one asset piece by piece, and tells how much each entry adds to a figure. */
export interface FigureParts {
  /** Further legs, in ledger order. Adds to `parts`, by entry; `null` without a rate. */
  add: (legs: readonly Leg[], parts: Map<string, Fixed | null>) => Steps<void>;
  /** After the legs so far. */
  state: () => AssetState;
}

export function figureParts(asset: string, costMethod: CostMethod, figure: SummedFigure): FigureParts {
  let state = emptyState(asset);
  let unknown = ALL_KNOWN;
  return {
    *add(legs, parts) {
      for (const leg of legs) {
        const before = VALUES[figure](state) ?? ZERO;
        const after = yield* foldSteps(state, [leg], costMethod);
        const value = VALUES[figure](after);
        const part = value === null ? null : value - before;
        if (part !== ZERO) {
          const sum = parts.get(leg.entryId);
          parts.set(leg.entryId, sum === undefined ? part : plus(sum, part));
        }
        unknown = merged(unknown, after.unknown);
        // What one entry lacks must not make the next one unknown.
        state = { ...after, unknown: ALL_KNOWN };
      }
    },
    state: () => ({ ...state, unknown }),
  };
}

function merged(one: AssetState['unknown'], other: AssetState['unknown']): AssetState['unknown'] {
  return {
    realisedGross: one.realisedGross || other.realisedGross,
    realisedNet: one.realisedNet || other.realisedNet,
    fees: one.fees || other.fees,
    income: one.income || other.income,
    contributions: one.contributions || other.contributions,
    transferred: one.transferred || other.transferred,
  };
}
