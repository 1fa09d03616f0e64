import type { Fixed } from '../../money/money.ts';
import { decimal, ZERO } from '../../money/money.ts';
import { unvaluedWarning } from './unvalued.ts';
import type { Warning } from '../../schemas/warning-schema.ts';

/** What may be unknown or uncertain about a listed trade. */
export interface TradeFigures {
  id: string;
  value: Fixed | null;
  fee: { amount: Fixed; currency: string } | null;
  feeValue: Fixed | null;
  /** `null`: it sold nothing. */
  result: { gross: Fixed | null; net: Fixed | null; uncovered: Fixed } | null;
}

/** The trades behind a warning: how many there are, and all or the first of them. */
export interface Concerned {
  entries: string[];
  count: number;
}

/** Warnings about figures of trades, with the trades concerned. */
export function tradeWarnings(trades: readonly TradeFigures[], baseCurrency: string): Warning[] {
  const unknown = new Map<string, string[]>([
    ['value', idsOf(trades, ({ value }) => value === null)],
    ['feeValue', idsOf(trades, ({ value, feeValue }) => value === null && feeValue === null)],
    ['realizedPnl.gross', idsOf(trades, ({ result }) => result?.gross === null)],
    ['realizedPnl.net', idsOf(trades, ({ result }) => result?.net === null)],
  ]);
  const entries = [...new Set([...unknown.values()].flat())];
  const figures = [...unknown].filter(([, ids]) => ids.length > 0).map(([figure]) => figure);
  const oversold = idsOf(trades, ({ result }) => result !== null && result.uncovered > ZERO);
  const dear = idsOf(
    trades,
    ({ value, feeValue }) => value !== null && feeValue !== null && feeValue > value,
  );
  return [
    ...missingRate({ entries, count: entries.length }, figures, baseCurrency),
    ...oversoldWarning({ entries: oversold, count: oversold.length }),
    ...dearFeeWarning({ entries: dear, count: dear.length }),
    ...unvaluedFeesOf(trades).map((fees) => unvaluedFees(fees, baseCurrency)),
  ];
}

/** Fees in one asset that have no known price. */
export interface UnvaluedFees extends Concerned {
  currency: string;
  amount: Fixed;
}

export function unvaluedFees({ currency, amount, ...note }: UnvaluedFees, baseCurrency: string): Warning {
  return unvaluedWarning({ what: 'fee', asset: currency, quantity: decimal(amount) }, baseCurrency, note);
}

function unvaluedFeesOf(trades: readonly TradeFigures[]): UnvaluedFees[] {
  const found = new Map<string, UnvaluedFees>();
  for (const { id, value, fee, feeValue } of trades) {
    if (fee === null || feeValue !== null || value === null) continue;
    const { currency } = fee;
    const { amount, entries } = found.get(currency) ?? { amount: ZERO, entries: [] };
    const named = [...entries, id];
    found.set(currency, { currency, amount: amount + fee.amount, entries: named, count: named.length });
  }
  return [...found.values()];
}

/** @returns nothing if no trade is concerned */
export function missingRate(concerned: Concerned, figures: string[], baseCurrency: string): Warning[] {
  if (concerned.count === 0) return [];
  const detail = `Trades, or the purchases they sell from, have no rate to ${baseCurrency}: what depends on them is not known.`;
  return [{ code: 'missing-rate', detail, ...concerned, figures }];
}

/** @returns nothing if no trade is concerned */
export function oversoldWarning(concerned: Concerned): Warning[] {
  if (concerned.count === 0) return [];
  const detail = 'More was sold than was held: the rest counts as transferred in at the sale price.';
  return [{ code: 'oversold', detail, ...concerned }];
}

/**
 * Its rate may become known at any time, so it is no reason to refuse a trade.
 * @returns nothing if no trade is concerned
 */
export function dearFeeWarning(concerned: Concerned): Warning[] {
  if (concerned.count === 0) return [];
  const detail = 'A fee is worth more than its trade: check its amount and currency.';
  return [{ code: 'fee-above-value', detail, ...concerned }];
}

function idsOf(trades: readonly TradeFigures[], concerned: (trade: TradeFigures) => boolean): string[] {
  return trades.filter(concerned).map(({ id }) => id);
}
