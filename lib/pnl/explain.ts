import type { Fixed } from '../money.ts';
import { ZERO, decimal, decimalOrNull, div, fixed, mul } from '../money.ts';
import type { CostMethod } from './entry.ts';
import type { AcquireLeg, Leg } from './leg-kinds.ts';
import type { Lot } from './lot.ts';
import { listLots, openCost } from './lot.ts';
import type { Mark } from './marking.ts';
import type { AssetState, Disposal, FoldOptions } from './position.ts';
import { emptyState, foldLegs } from './position.ts';
import { knownAveragePrice, knownCost } from './totals.ts';
import { minus, plus } from './unknown.ts';

/** The newest so many of each list are kept; what came before is told as sums, so that lists and sums add up. */
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

export interface OpenLotBody {
  /** `null` under `average`: all that is held is one pool, whichever purchases it came from. */
  entryId: string | null;
  /** Of the purchase; under `average`, when the present holding was begun. */
  time: string;
  /** Still held, of `bought`. */
  quantity: string;
  bought: string | null;
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
  /** Open purchases, oldest first; under `average` the one pool. */
  lots: OpenLotBody[];
  acquisitions: AcquisitionBody[];
  disposals: DisposalBody[];
  /** What is older than the lists: with it they add up to the figures above. */
  earlier: EarlierBody;
}

export interface EarlierBody {
  lots: {
    count: number;
    quantity: string;
    costBasis: string | null;
    marketValue: string | null;
    unrealizedPnl: string | null;
  };
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
        averagePrice: decimalOrNull(knownAveragePrice(state)),
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

/**
 * What is held as its open purchases, oldest first; under `average` as the one pool it is. They add up to the holding.
 */
export function openLots(state: AssetState, mark: Mark | null): OpenLotBody[] {
  if (state.method !== 'average') return lotBodies(listLots(state.lots), mark);
  const { quantity, openedAt } = state;
  if (quantity === ZERO) return [];
  const cost = knownCost(state);
  const value = mark === null ? null : mul(quantity, mark.rate);
  return [
    {
      entryId: null,
      time: iso(openedAt ?? 0),
      quantity: decimal(quantity),
      bought: null,
      unitCost: cost === null ? null : decimal(div(cost, quantity)),
      costBasis: decimalOrNull(cost),
      marketValue: decimalOrNull(value),
      unrealizedPnl: decimalOrNull(minus(value, cost)),
    },
  ];
}

function sumOfLots(lots: readonly OpenLotBody[]): EarlierBody['lots'] {
  const sum = (figure: (lot: OpenLotBody) => string | null): Fixed | null =>
    lots.reduce<Fixed | null>((total, lot) => plus(total, fixedOrNull(figure(lot))), ZERO);
  return {
    count: lots.length,
    quantity: decimal(sum((lot) => lot.quantity) ?? ZERO),
    costBasis: decimalOrNull(sum((lot) => lot.costBasis)),
    marketValue: decimalOrNull(sum((lot) => lot.marketValue)),
    unrealizedPnl: decimalOrNull(sum((lot) => lot.unrealizedPnl)),
  };
}

function fixedOrNull(text: string | null): Fixed | null {
  return text === null ? null : fixed(text);
}

function markBody({ rate, time, path, stale }: Mark): NonNullable<ExplainBody['mark']> {
  return { price: decimal(rate), time: time === null ? null : iso(time), path, stale };
}

/** Values are differences of the value of the first 0, 1, 2, … lots, so that they add up to that of the holding. */
function lotBodies(lots: readonly Lot[], mark: Mark | null): OpenLotBody[] {
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

interface Newest<T> {
  add: (item: T) => void;
  list: () => T[];
  /** Of all that were added. */
  count: () => number;
}

/** Keeps the last `limit` of what it is given. */
function newestOf<T>(limit: number): Newest<T> {
  let kept: T[] = [];
  let count = 0;
  const list = (): T[] => (limit <= 0 ? [] : kept.slice(-limit));
  return {
    add(item) {
      count += 1;
      kept.push(item);
      if (kept.length > 2 * limit) kept = list();
    },
    list,
    count: () => count,
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
