import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { CostMethod } from './cost-method.ts';
import type { Fill, UnvaluedKind } from './leg-kinds.ts';
import type { LotHeap } from './lot.ts';

/** The entries behind a warning: how many there are, and the first few. */
export interface Note {
  count: number;
  entries: readonly string[];
}

/** How many entry ids a note keeps: enough to locate the problem, however long the ledger. */
export const NOTE_LIMIT = 10;
export const NO_NOTE: Note = Object.freeze({ count: 0, entries: Object.freeze([]) as readonly string[] });

/** Amounts of one kind that have no known price, in units of the asset. */
export interface UnvaluedAmount {
  quantity: Fixed;
  note: Note;
}

export type UnvaluedAmounts = Readonly<Partial<Record<UnvaluedKind, UnvaluedAmount>>>;

export const NOTHING_UNVALUED: UnvaluedAmounts = Object.freeze({});

/**
 * The full state of one asset in one portfolio: a fold over the legs that touch it. Holders must treat it as immutable.
 * All amounts except `quantity` are in the base currency. Invariant, exact after every leg: summed over all assets,
 * costBasis = contributions + realisedNet + income + transferred.
 */
export interface AssetState {
  asset: string;
  /** The method the state was folded with; `null` before the first leg. A state cannot change methods: refold it. */
  method: CostMethod | null;
  /** Negative only for the base currency. */
  quantity: Fixed;
  /** Cost of the holding, buy fees included. For the base currency, the quantity itself. */
  costBasis: Fixed;
  /** The same without fees. */
  grossCost: Fixed;
  /** Fee-free, per unit; 0 when flat. Sales do not change it under `average`. Not kept for the base currency. */
  averagePrice: Fixed;
  /** Open lots; `null` under `average` and when there are none. */
  lots: LotHeap;
  /** How many purchases of the asset there have been; used to number the lots. */
  acquired: number;
  realisedGross: Fixed;
  realisedNet: Fixed;
  fees: Fixed;
  income: Fixed;
  /** External money and coins, inflows minus outflows, at their value at the time. */
  contributions: Fixed;
  /** The inflows of `contributions` alone. */
  inflows: Fixed;
  /** Gain transferred to other portfolios along with lots (+), or received with them (−): market value − cost. */
  transferred: Fixed;
  /** When the current holding was opened; `null` when flat. */
  openedAt: number | null;
  /** Sales of more than was held. */
  oversold: Note;
  /** Withdrawals that have been neither matched nor confirmed. */
  unmatched: Note;
  /** Entries without a rate. */
  unrated: Note;
  /** Fees and rewards without a price, which the totals count as zero. Only kinds with an amount are present. */
  unvalued: UnvaluedAmounts;
  /** Open purchases whose cost (fees included) is unknown. While this is positive, `costBasis` must not be shown. */
  openUncosted: number;
  /** Open purchases whose cost before fees is unknown: the same for `grossCost` and `averagePrice`. */
  openUnpriced: number;
  /** Which running totals are missing an unknown amount. */
  unknown: UnknownTotals;
  lastFill: Fill | null;
  /** The last leg applied; `null` before the first, and always for the base currency, whose legs have no order. */
  last: { time: number; tie: string } | null;
}

export interface UnknownTotals {
  realisedGross: boolean;
  realisedNet: boolean;
  fees: boolean;
  income: boolean;
  contributions: boolean;
  transferred: boolean;
}

export const ALL_KNOWN: UnknownTotals = Object.freeze({
  realisedGross: false,
  realisedNet: false,
  fees: false,
  income: false,
  contributions: false,
  transferred: false,
});

export function emptyState(asset: string): AssetState {
  return {
    asset,
    method: null,
    quantity: ZERO,
    costBasis: ZERO,
    grossCost: ZERO,
    averagePrice: ZERO,
    lots: null,
    acquired: 0,
    realisedGross: ZERO,
    realisedNet: ZERO,
    fees: ZERO,
    income: ZERO,
    contributions: ZERO,
    inflows: ZERO,
    transferred: ZERO,
    openedAt: null,
    oversold: NO_NOTE,
    unmatched: NO_NOTE,
    unrated: NO_NOTE,
    unvalued: NOTHING_UNVALUED,
    openUncosted: 0,
    openUnpriced: 0,
    unknown: ALL_KNOWN,
    lastFill: null,
    last: null,
  };
}

/** Sorted by name, so that every node gets the same result whatever order the states were read in. */
export function byAsset(states: Iterable<AssetState>): AssetState[] {
  return [...states].sort((a, b) => (a.asset < b.asset ? -1 : 1));
}
