import { UNVALUED_KINDS } from '../ledger/leg-kinds.ts';

/** Why a figure is `null` or to be taken with care. */
export const WARNING_CODES = [
  'missing-price',
  'missing-rate',
  'unvalued-amount',
  'stale-price',
  'oversold',
  'cash-negative',
  'missing-history',
  'undefined-rate',
  'gathered-flows',
] as const;
/** Amounts without a price: what a total beside them lacks. */
export const UNVALUED = [...UNVALUED_KINDS, 'holding'] as const;

export type WarningCode = (typeof WARNING_CODES)[number];

export interface Warning {
  code: WarningCode;
  detail: string;
  asset?: string;
  /** What an amount without a price is. */
  what?: (typeof UNVALUED)[number];
  /** Of an amount without a price, in units of the asset. */
  quantity?: string;
  /** The entries concerned: the first of them where there are many. */
  entries?: string[];
  /** How many entries are concerned. */
  count?: number;
  /** The figures that are `null` because of it, or that lack it. */
  figures?: string[];
}
