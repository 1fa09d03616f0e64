import type { Fixed } from '../../money/money.ts';
import { ZERO, decimal, decimalOrNull, div, fixed, mul } from '../../money/money.ts';
import type { AssetState } from '../ledger/asset-state.ts';
import { listLots, openCost, type Lot } from '../ledger/lot.ts';
import type { Mark } from './marking.ts';
import { knownCost } from '../ledger/totals.ts';
import { minus, plus } from '../../money/unknown.ts';

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

/** Lots that are not shown one by one. */
export interface LotSums {
  count: number;
  quantity: string;
  costBasis: string | null;
  marketValue: string | null;
  unrealizedPnl: string | null;
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

export function sumOfLots(lots: readonly OpenLotBody[]): LotSums {
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

function iso(time: number): string {
  return new Date(time).toISOString();
}
