import type { Fixed } from '../money.ts';
import { ZERO } from '../money.ts';
import type { Warning } from './warning.ts';

/** What of a listed trade may be unknown or is to be taken with care. */
export interface TradeFigures {
  id: string;
  value: Fixed | null;
  feeValue: Fixed | null;
  /** `null`: it sold nothing. */
  result: { gross: Fixed | null; net: Fixed | null; uncovered: Fixed } | null;
}

/** What figures of trades give reason to warn of, the trades concerned named. */
export function tradeWarnings(trades: readonly TradeFigures[], baseCurrency: string): Warning[] {
  const warnings: Warning[] = [];
  const unknown = new Map<string, string[]>([
    ['value', idsOf(trades, ({ value }) => value === null)],
    ['feeValue', idsOf(trades, ({ feeValue }) => feeValue === null)],
    ['realizedPnl.gross', idsOf(trades, ({ result }) => result?.gross === null)],
    ['realizedPnl.net', idsOf(trades, ({ result }) => result?.net === null)],
  ]);
  const entries = [...new Set([...unknown.values()].flat())];
  if (entries.length > 0) {
    const figures = [...unknown].filter(([, ids]) => ids.length > 0).map(([figure]) => figure);
    const detail = `trades, or the purchases they sell from, have no rate to ${baseCurrency}: what depends on them is not known`;
    warnings.push({ code: 'missing-rate', detail, entries, count: entries.length, figures });
  }
  const oversold = idsOf(trades, ({ result }) => result !== null && result.uncovered > ZERO);
  if (oversold.length > 0) {
    const detail = 'more was sold than was held: the rest counts as transferred in at the sale price';
    warnings.push({ code: 'oversold', detail, entries: oversold, count: oversold.length });
  }
  return warnings;
}

function idsOf(trades: readonly TradeFigures[], concerned: (trade: TradeFigures) => boolean): string[] {
  return trades.filter(concerned).map(({ id }) => id);
}
