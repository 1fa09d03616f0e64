import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { CostMethod } from './entry.ts';
import type { Fill, UnvaluedKind } from './leg-kinds.ts';
import type { LotHeap } from './lot.ts';

/** Which entries a warning is about: how many, and the first of them. */
export interface Note {
  count: number;
  entries: readonly string[];
}

/** How many entry ids a note keeps: enough to find the trouble, however long the ledger. */
export const NOTE_LIMIT = 10;
export const NO_NOTE: Note = Object.freeze({ count: 0, entries: Object.freeze([]) as readonly string[] });

/** Amounts of one kind that no price is known for, in units of the asset. */
export interface UnvaluedAmount {
  quantity: Fixed;
  note: Note;
}

export type UnvaluedAmounts = Readonly<Partial<Record<UnvaluedKind, UnvaluedAmount>>>;

export const NOTHING_UNVALUED: UnvaluedAmounts = Object.freeze({});

/**
 * Everything there is to know of one asset of one portfolio: a fold over the legs that touch it. Immutable for its
 * holders. All amounts are base currency except `quantity`.
 *
 * Invariant, exact after every leg: the sum over all assets of costBasis =
 * the sum of contributions + realisedNet + income.
 */
export interface AssetState {
  asset: string;
  /** The method the state was folded with; `null` before the first leg. A state cannot change methods: refold. */
  method: CostMethod | null;
  /** Negative only for the base currency. */
  quantity: Fixed;
  /** Cost of what is held, buy fees included. For the base currency the quantity itself. */
  costBasis: Fixed;
  /** The same without fees. */
  grossCost: Fixed;
  /** Fee-free, per unit; 0 when flat. Under `average` it is not moved by sales. Not kept for the base currency. */
  averagePrice: Fixed;
  /** Open lots; `null` under `average` and when there is none. */
  lots: LotHeap;
  /** How many purchases the asset has seen: numbers the lots. */
  acquired: number;
  realisedGross: Fixed;
  realisedNet: Fixed;
  fees: Fixed;
  income: Fixed;
  /** External money and coins in minus out, at their value then. */
  contributions: Fixed;
  /** The incoming part of `contributions` alone. */
  inflows: Fixed;
  /** When the present holding was begun; `null` when flat. */
  openedAt: number | null;
  /** Sales of more than was held. */
  oversold: Note;
  /** Entries without a rate. */
  unrated: Note;
  /** Fees and rewards without a price: they count as nothing in the totals. A kind is there if it has any. */
  unvalued: UnvaluedAmounts;
  /** Open purchases whose cost (fees included) is not known. While positive, `costBasis` is not a figure to show. */
  openUncosted: number;
  /** Open purchases whose cost without fees is not known: the same for `grossCost` and `averagePrice`. */
  openUnpriced: number;
  /** Which running totals lack an amount that is not known. */
  unknown: UnknownTotals;
  lastFill: Fill | null;
  /** The last leg applied; `null` before any, and always for the base currency, which has no order. */
  last: { time: number; tie: string } | null;
}

export interface UnknownTotals {
  realisedGross: boolean;
  realisedNet: boolean;
  fees: boolean;
  income: boolean;
  contributions: boolean;
}

export const ALL_KNOWN: UnknownTotals = Object.freeze({
  realisedGross: false,
  realisedNet: false,
  fees: false,
  income: false,
  contributions: false,
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
    openedAt: null,
    oversold: NO_NOTE,
    unrated: NO_NOTE,
    unvalued: NOTHING_UNVALUED,
    openUncosted: 0,
    openUnpriced: 0,
    unknown: ALL_KNOWN,
    lastFill: null,
    last: null,
  };
}

/** By name: what is made of the states is the same on every node, whatever order they were read in. */
export function byAsset(states: Iterable<AssetState>): AssetState[] {
  return [...states].sort((a, b) => (a.asset < b.asset ? -1 : 1));
}
