import type { Fixed } from '../../money/money.ts';
import { ZERO, decimal, decimalOrNull, mul } from '../../money/money.ts';
import type { CostMethod } from '../ledger/entry.ts';
import type { AcquireLeg, Leg } from '../ledger/leg-kinds.ts';
import type { Mark } from '../valuation/marking.ts';
import {
  acquisitionBody,
  disposalBody,
  type AcquisitionBody,
  type DisposalBody,
} from '../ledger/movement-body.ts';
import { newestOf } from '../valuation/newest.ts';
import { openLots, sumOfLots, type LotSums, type OpenLotBody } from '../valuation/open-lots.ts';
import type { AssetState, Disposal, FoldOptions } from '../ledger/position.ts';
import { emptyState, foldLegs } from '../ledger/position.ts';
import { knownAveragePrice, knownCost } from '../ledger/totals.ts';
import { minus, plus } from '../../money/unknown.ts';

/** Each list keeps its newest rows; earlier ones are given as sums, so that everything still adds up. */
export interface ExplainerOptions {
  asset: string;
  costMethod: CostMethod;
  limit: number;
  tolerance?: Fixed;
}

export interface ExplainInput extends ExplainerOptions {
  /** Every leg of the asset up to the instant asked for, in ledger order. */
  legs: readonly Leg[];
  mark: Mark | null;
}

/** Body of `GET …/pnl/explain` for one asset: what its figures are made of. Each list adds up to its figure. */
export interface ExplainBody {
  asset: string;
  costMethod: CostMethod;
  quantity: string;
  averagePrice: string | null;
  costBasis: string | null;
  mark: { price: string; time: string | null; path: string[]; stale: boolean } | null;
  marketValue: string | null;
  unrealizedPnl: string | null;
  realizedPnl: { gross: string | null; net: string | null };
  /** Open purchases, oldest first; under `average` the one pool. */
  lots: OpenLotBody[];
  acquisitions: AcquisitionBody[];
  disposals: DisposalBody[];
  /** What is older than the lists: with it they add up to the figures above. */
  earlier: EarlierBody;
}

export interface EarlierBody {
  lots: LotSums;
  acquisitions: { count: number };
  disposals: { count: number; realizedPnl: { gross: string | null; net: string | null } };
}

/** Takes the legs of one asset piece by piece: memory does not grow with the ledger, but for open lots. */
export interface Explainer {
  /** Further legs, in ledger order. */
  add: (legs: readonly Leg[]) => void;
  /** After the legs so far. */
  state: () => AssetState;
  body: (mark: Mark | null) => ExplainBody;
}

export function explainer(given: ExplainerOptions): Explainer {
  const { asset, costMethod, limit } = given;
  const acquisitions = newestOf<AcquireLeg>(limit);
  const disposals = newestOf<Disposal>(limit);
  const options: FoldOptions = { onDisposal: (disposal) => disposals.add(disposal) };
  if (given.tolerance !== undefined) options.tolerance = given.tolerance;
  let state = emptyState(asset);
  return {
    add(legs) {
      for (const leg of legs) if (leg.kind === 'acquire') acquisitions.add(leg);
      state = foldLegs(state, legs, costMethod, options);
    },
    state: () => state,
    body(mark) {
      const { unknown } = state;
      const allLots = openLots(state, mark);
      const lots = limit <= 0 ? [] : allLots.slice(-limit);
      const shown = disposals.list();
      const shownOf = (side: 'gross' | 'net'): Fixed | null =>
        shown.reduce<Fixed | null>((sum, { realised }) => plus(sum, realised[side]), ZERO);
      const value = state.quantity === ZERO ? ZERO : mark === null ? null : mul(state.quantity, mark.rate);
      const realised = {
        gross: unknown.realisedGross ? null : state.realisedGross,
        net: unknown.realisedNet ? null : state.realisedNet,
      };
      return {
        asset,
        costMethod,
        quantity: decimal(state.quantity),
        // The base currency, which has no cost method, is worth itself.
        averagePrice: state.method === null ? '1' : decimalOrNull(knownAveragePrice(state)),
        costBasis: decimalOrNull(knownCost(state)),
        mark: mark === null ? null : markBody(mark),
        marketValue: decimalOrNull(value),
        unrealizedPnl: decimalOrNull(minus(value, knownCost(state))),
        realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
        lots,
        acquisitions: acquisitions.list().map(acquisitionBody),
        disposals: shown.map(disposalBody),
        earlier: {
          lots: sumOfLots(allLots.slice(0, allLots.length - lots.length)),
          acquisitions: { count: acquisitions.count() - acquisitions.list().length },
          disposals: {
            count: disposals.count() - shown.length,
            realizedPnl: {
              gross: decimalOrNull(minus(realised.gross, shownOf('gross'))),
              net: decimalOrNull(minus(realised.net, shownOf('net'))),
            },
          },
        },
      };
    },
  };
}

/** `explainer` for legs that are all at hand. */
export function explain(input: ExplainInput): ExplainBody {
  const { legs, mark, ...options } = input;
  const asset = explainer(options);
  asset.add(legs);
  return asset.body(mark);
}

function markBody({ rate, time, path, stale }: Mark): NonNullable<ExplainBody['mark']> {
  return { price: decimal(rate), time: time === null ? null : iso(time), path, stale };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
