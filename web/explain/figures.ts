import { hrefOf, type Params } from '../page/route.ts';
import type { TextKey } from '../text/text-key.ts';

/** The figures that can be explained, by their names in the address. */
export const FIGURES = {
  equity: 'equity',
  day: 'dayPnl',
  total: 'totalPnl',
  unrealized: 'unrealized',
  realized: 'realized',
  contributions: 'contributions',
  income: 'income',
  fees: 'fees',
  transferred: 'transferred',
  quantity: 'quantity',
} as const satisfies Record<string, TextKey>;
export type FigureName = keyof typeof FIGURES;

/** Sums over entries, by their names in the API. */
export const SUMS = {
  realized: 'realizedPnl',
  contributions: 'netContributions',
  income: 'income',
  fees: 'fees',
  transferred: 'transferredPnl',
  quantity: 'quantity',
} as const;
export type SumName = keyof typeof SUMS;

export function isFigureName(name: string): name is FigureName {
  return Object.hasOwn(FIGURES, name);
}

export function isSumName(name: FigureName): name is SumName {
  return Object.hasOwn(SUMS, name);
}

/** @param given `asset`, and `from` and `to` as dates, both inclusive */
export function explainHref(portfolioId: string, figure: FigureName, given: Params = {}): string {
  return hrefOf({ view: 'explain', portfolioId, figure }, given);
}
