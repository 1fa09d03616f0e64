import type { Fixed } from '../money.ts';
import { ZERO, decimal, decimalOrNull, div, mul } from '../money.ts';
import type { CostMethod } from './entry.ts';
import type { AcquireLeg, Leg } from './leg-kinds.ts';
import { listLots, openCost } from './lot.ts';
import type { Mark } from './marking.ts';
import type { Disposal, FoldOptions } from './position.ts';
import { emptyState, foldLegs } from './position.ts';
import { knownAveragePrice, knownCost } from './totals.ts';
import { minus } from './unknown.ts';

export interface ExplainInput {
  asset: string;
  /** Every leg of the asset up to the instant asked for, in ledger order. */
  legs: readonly Leg[];
  costMethod: CostMethod;
  mark: Mark | null;
  /** The newest so many of each list; `counts` tells how many there are. */
  limit: number;
  tolerance?: Fixed;
}

export interface OpenLotBody {
  entryId: string;
  time: string;
  /** Still held, of `bought`. */
  quantity: string;
  bought: string;
  /** Cost per unit, fees included. */
  unitCost: string | null;
  costBasis: string | null;
  marketValue: string | null;
  unrealizedPnl: string | null;
}

export interface AcquisitionBody {
  entryId: string;
  time: string;
  reason: AcquireLeg['reason'];
  quantity: string;
  cost: string | null;
  grossCost: string | null;
  fee: string | null;
}

export interface DisposalBody {
  entryId: string;
  time: string;
  reason: Disposal['reason'];
  quantity: string;
  /** Sold without being held. */
  uncovered: string;
  proceeds: { gross: string | null; net: string | null };
  fee: string | null;
  costBasis: string | null;
  realizedPnl: { gross: string | null; net: string | null };
  matches: { entryId: string; time: string; quantity: string; costBasis: string | null }[];
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
  /** Open purchases, oldest first; under `average` there is one pool and no lot. */
  lots: OpenLotBody[];
  acquisitions: AcquisitionBody[];
  disposals: DisposalBody[];
  counts: { lots: number; acquisitions: number; disposals: number };
}

export function explain(input: ExplainInput): ExplainBody {
  const { asset, legs, costMethod, mark, limit } = input;
  const disposals: Disposal[] = [];
  const options: FoldOptions = {
    tolerance: input.tolerance,
    onDisposal: (disposal) => disposals.push(disposal),
  };
  const state = foldLegs(emptyState(asset), legs, costMethod, options);
  const acquisitions = legs.filter((leg): leg is AcquireLeg => leg.kind === 'acquire');
  const lots = openLots(listLots(state.lots), mark);
  const value = state.quantity === ZERO ? ZERO : mark === null ? null : mul(state.quantity, mark.rate);
  const { unknown } = state;
  return {
    asset,
    costMethod,
    quantity: decimal(state.quantity),
    averagePrice: decimalOrNull(knownAveragePrice(state)),
    costBasis: decimalOrNull(knownCost(state)),
    mark:
      mark === null
        ? null
        : {
            price: decimal(mark.rate),
            time: mark.time === null ? null : iso(mark.time),
            path: mark.path,
            stale: mark.stale,
          },
    marketValue: decimalOrNull(value),
    unrealizedPnl: decimalOrNull(minus(value, knownCost(state))),
    realizedPnl: {
      gross: unknown.realisedGross ? null : decimal(state.realisedGross),
      net: unknown.realisedNet ? null : decimal(state.realisedNet),
    },
    lots: newest(lots, limit),
    acquisitions: newest(acquisitions, limit).map(acquisitionBody),
    disposals: newest(disposals, limit).map(disposalBody),
    counts: { lots: lots.length, acquisitions: acquisitions.length, disposals: disposals.length },
  };
}

/** Values are differences of the value of the first 0, 1, 2, … lots, so that they add up to that of the holding. */
export function openLots(lots: ReturnType<typeof listLots>, mark: Mark | null): OpenLotBody[] {
  let held = ZERO;
  return lots.map((lot) => {
    const { cost } = openCost(lot);
    const known = lot.unknown === 'nothing';
    const before = mark === null ? null : mul(held, mark.rate);
    held += lot.left;
    const value = mark === null || before === null ? null : mul(held, mark.rate) - before;
    return {
      entryId: lot.entryId,
      time: iso(lot.time),
      quantity: decimal(lot.left),
      bought: decimal(lot.quantity),
      unitCost: known ? decimal(div(lot.cost, lot.quantity)) : null,
      costBasis: known ? decimal(cost) : null,
      marketValue: decimalOrNull(value),
      unrealizedPnl: known ? decimalOrNull(minus(value, cost)) : null,
    };
  });
}

function acquisitionBody(leg: AcquireLeg): AcquisitionBody {
  return {
    entryId: leg.entryId,
    time: iso(leg.time),
    reason: leg.reason,
    quantity: decimal(leg.quantity),
    cost: decimalOrNull(leg.cost),
    grossCost: decimalOrNull(leg.grossCost),
    fee: decimalOrNull(leg.fee),
  };
}

export function disposalBody(disposal: Disposal): DisposalBody {
  const { proceeds, realised } = disposal;
  return {
    entryId: disposal.entryId,
    time: iso(disposal.time),
    reason: disposal.reason,
    quantity: decimal(disposal.quantity),
    uncovered: decimal(disposal.uncovered),
    proceeds: { gross: decimalOrNull(proceeds.gross), net: decimalOrNull(proceeds.net) },
    fee: decimalOrNull(disposal.fee),
    costBasis: decimalOrNull(disposal.cost),
    realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
    matches: disposal.matches.map(({ entryId, time, quantity, cost }) => ({
      entryId,
      time: iso(time),
      quantity: decimal(quantity),
      costBasis: decimalOrNull(cost),
    })),
  };
}

function newest<T>(list: readonly T[], limit: number): T[] {
  return limit <= 0 ? [] : list.slice(-limit);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
