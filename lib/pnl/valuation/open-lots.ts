import type { Fixed } from '../../money/money.ts';
import { ZERO, decimal, decimalOrNull, div, mul } from '../../money/money.ts';
import type { AssetState } from '../ledger/asset-state.ts';
import { countLots, openCost, type Lot } from '../ledger/lot.ts';
import type { Mark } from './marking.ts';
import { knownCost } from '../ledger/totals.ts';
import { minus } from '../../money/unknown.ts';
import type { LotSums } from '../../schemas/explanation-schema.ts';
import type { OpenLotBody } from '../../schemas/lot-schema.ts';

/** A range of an asset's open lots, by position among all of them; all lots if absent. */
export interface LotRange {
  /** Position of the first, from 0. */
  from?: number;
  /** The maximum number. */
  count?: number;
}

/** How many open lots an asset has; under `average`, one pool. */
export function countOpenLots({ method, quantity, lots }: AssetState): number {
  return method === 'average' ? Number(quantity !== ZERO) : countLots(lots);
}

/** The holding as its open purchases, oldest first; under `average`, as the single pool. They add up to the holding. */
export function openLots(
  state: AssetState,
  mark: Mark | null,
  lots: readonly Lot[],
  { from = 0, count = Number.POSITIVE_INFINITY }: LotRange = {},
): OpenLotBody[] {
  if (state.method !== 'average') return lotBodies(lots, mark, from, from + count);
  const { quantity, openedAt } = state;
  if (quantity === ZERO || from > 0 || count < 1) return [];
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

/**
 * Values are differences of the value of the first 0, 1, 2, … lots, so that they add up to the value of the holding.
 */
function lotBodies(lots: readonly Lot[], mark: Mark | null, from: number, to: number): OpenLotBody[] {
  let held = ZERO;
  for (const lot of lots.slice(0, from)) held += lot.left;
  return lots.slice(from, to).map((lot) => {
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

/** The totals of the first `count` open lots, without building a body for each. */
export function sumOfFirst(
  state: AssetState,
  mark: Mark | null,
  lots: readonly Lot[],
  count: number,
): LotSums {
  let quantity = ZERO;
  let cost: Fixed | null = ZERO;
  for (const lot of lots) {
    quantity += lot.left;
    cost = lot.unknown === 'nothing' && cost !== null ? cost + openCost(lot).cost : null;
  }
  if (count > 0 && state.method === 'average') {
    ({ quantity } = state);
    cost = knownCost(state);
  }
  const value = count === 0 ? ZERO : mark === null ? null : mul(quantity, mark.rate);
  return {
    count,
    quantity: decimal(quantity),
    costBasis: decimalOrNull(cost),
    marketValue: decimalOrNull(value),
    unrealizedPnl: decimalOrNull(minus(value, cost)),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
