import type { Fixed } from '../../money/money.ts';
import { ZERO } from '../../money/money.ts';
import type { Warning } from './warning.ts';

/** What of a listed trade may be unknown or is to be taken with care. */
export interface TradeFigures {
  id: string;
  value: Fixed | null;
  feeValue: Fixed | null;
  /** `null`: it sold nothing. */
  result: { gross: Fixed | null; net: Fixed | null; uncovered: Fixed } | null;
}

/** Trades that a warning names: how many, and all or the first of them. */
export interface Concerned {
  entries: string[];
  count: number;
}

/** What figures of trades give reason to warn of, the trades concerned named. */
export function tradeWarnings(trades: readonly TradeFigures[], baseCurrency: string): Warning[] {
  const unknown = new Map<string, string[]>([
    ['value', idsOf(trades, ({ value }) => value === null)],
    ['feeValue', idsOf(trades, ({ feeValue }) => feeValue === null)],
    ['realizedPnl.gross', idsOf(trades, ({ result }) => result?.gross === null)],
    ['realizedPnl.net', idsOf(trades, ({ result }) => result?.net === null)],
  ]);
  const entries = [...new Set([...unknown.values()].flat())];
  const figures = [...unknown].filter(([, ids]) => ids.length > 0).map(([figure]) => figure);
  const oversold = idsOf(trades, ({ result }) => result !== null && result.uncovered > ZERO);
  return [
    ...missingRate({ entries, count: entries.length }, figures, baseCurrency),
    ...oversoldWarning({ entries: oversold, count: oversold.length }),
  ];
}

/** @returns nothing when no trade is concerned */
export function missingRate(concerned: Concerned, figures: string[], baseCurrency: string): Warning[] {
  if (concerned.count === 0) return [];
  const detail = `trades, or the purchases they sell from, have no rate to ${baseCurrency}: what depends on them is not known`;
  return [{ code: 'missing-rate', detail, ...concerned, figures }];
}

/** @returns nothing when no trade is concerned */
export function oversoldWarning(concerned: Concerned): Warning[] {
  if (concerned.count === 0) return [];
  const detail = 'more was sold than was held: the rest counts as transferred in at the sale price';
  return [{ code: 'oversold', detail, ...concerned }];
}

function idsOf(trades: readonly TradeFigures[], concerned: (trade: TradeFigures) => boolean): string[] {
  return trades.filter(concerned).map(({ id }) => id);
}
