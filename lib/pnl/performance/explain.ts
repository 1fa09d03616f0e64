import type { Fixed } from '../../money/money.ts';
import { ZERO, decimal, decimalOrNull, mul } from '../../money/money.ts';
import type { CostMethod } from '../ledger/cost-method.ts';
import type { Leg, ReceiveLeg } from '../ledger/leg-kinds.ts';
import type { Mark } from '../valuation/marking.ts';
import { type Acquisition, acquisitionBody, disposalBody } from './movement-body.ts';
import { newestOf } from '../valuation/newest.ts';
import { countOpenLots, openLots, sumOfFirst } from '../valuation/open-lots.ts';
import type { AssetState, Disposal, FoldOptions } from '../ledger/position.ts';
import { emptyState, foldSteps } from '../ledger/position.ts';
import { lotsByAge } from '../ledger/lot.ts';
import { atOnce, type Steps } from '../../steps.ts';
import { knownAveragePrice, knownCost } from '../ledger/totals.ts';
import { minus, plus } from '../../money/unknown.ts';
import type { DisposalBody, ExplanationBody } from '../../schemas/explanation-schema.ts';

/** Each list keeps its newest rows; earlier ones are summed up, so that everything still adds up. */
export interface ExplainerOptions {
  asset: string;
  costMethod: CostMethod;
  limit: number;
  /** The most lots listed under all disposals, those of the newest first; default: all. */
  matches?: number;
  tolerance?: Fixed;
}

export interface ExplainInput extends ExplainerOptions {
  /** Every leg of the asset up to the requested instant, in ledger order. */
  legs: readonly Leg[];
  mark: Mark | null;
}

/** Takes the legs of one asset piece by piece: memory use does not grow with the ledger, except for open lots. */
export interface Explainer {
  /** Further legs, in ledger order. */
  add: (legs: readonly Leg[]) => Steps<void>;
  /** After the legs so far. */
  state: () => AssetState;
  body: (mark: Mark | null) => Steps<ExplanationBody>;
}

export function explainer(given: ExplainerOptions): Explainer {
  const { asset, costMethod, limit, matches = Infinity } = given;
  const acquisitions = newestOf<Acquisition>(limit);
  const disposals = newestOf<Disposal>(limit);
  const options: FoldOptions = { onDisposal: (disposal) => disposals.add(disposal) };
  if (given.tolerance !== undefined) options.tolerance = given.tolerance;
  let state = emptyState(asset);
  return {
    *add(legs) {
      for (const leg of legs) {
        if (leg.kind === 'acquire') acquisitions.add(leg);
        else if (leg.kind === 'receive') acquisitions.add(arrivalOf(leg, costMethod));
      }
      state = yield* foldSteps(state, legs, costMethod, options);
    },
    state: () => state,
    *body(mark) {
      const { unknown } = state;
      const earlier = Math.max(0, countOpenLots(state) - Math.max(limit, 0));
      const shown = disposals.list();
      const lots = yield* lotsByAge(state.lots);
      const listed: DisposalBody[] = [];
      let room = matches;
      for (const disposal of shown.toReversed()) {
        const body = yield* disposalBody(disposal, room);
        room -= body.matches.length;
        listed.push(body);
      }
      listed.reverse();
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
        // The base currency has no cost method, and its value is its quantity.
        averagePrice: state.method === null ? '1' : decimalOrNull(knownAveragePrice(state)),
        costBasis: decimalOrNull(knownCost(state)),
        mark: mark === null ? null : markBody(mark),
        marketValue: decimalOrNull(value),
        unrealizedPnl: decimalOrNull(minus(value, knownCost(state))),
        realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
        lots: openLots(state, mark, lots, { from: earlier }),
        acquisitions: acquisitions.list().map(acquisitionBody),
        disposals: listed,
        earlier: {
          lots: sumOfFirst(state, mark, lots.slice(0, earlier), earlier),
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

function arrivalOf(leg: ReceiveLeg, costMethod: CostMethod): Acquisition {
  const lots = leg.lots[costMethod];
  const { entryId, time, reason, quantity } = leg;
  const cost = lots.every(({ unknown }) => unknown === 'nothing');
  const gross = lots.every(({ unknown }) => unknown !== 'value');
  return {
    entryId,
    time,
    reason,
    quantity,
    cost: cost ? lots.reduce((sum, lot) => sum + lot.cost, ZERO) : null,
    grossCost: gross ? lots.reduce((sum, lot) => sum + lot.grossCost, ZERO) : null,
    fee: ZERO,
  };
}

/** `explainer` for legs that are already in memory. */
export function explain(input: ExplainInput): ExplanationBody {
  const { legs, mark, ...options } = input;
  const asset = explainer(options);
  atOnce(asset.add(legs));
  return atOnce(asset.body(mark));
}

function markBody({ rate, time, path, stale }: Mark): NonNullable<ExplanationBody['mark']> {
  return { price: decimal(rate), time: time === null ? null : iso(time), path, stale };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
