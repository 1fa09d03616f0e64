import type { Fixed } from '../../money/money.ts';
import { ZERO, div, toNumber } from '../../money/money.ts';
import type { PeriodPnl } from './periods.ts';
import type { Returns } from './returns.ts';
import { compound } from './returns.ts';
import { plus } from '../../money/unknown.ts';

/**
 * Time-weighted return of one period: (end value + outflow) ÷ (previous end value + inflow) − 1. Inflows count as at
 * work from the period's start, outflows to its end. 0 when nothing was at work; `null` when a value is not known or
 * less than nothing was at work.
 */
export function periodReturn(period: PeriodPnl): number | null {
  const employed = plus(period.startEquity, period.inflows);
  if (employed === null || period.pnl === null || employed < ZERO) return null;
  if (employed === ZERO) return period.pnl === ZERO ? 0 : null;
  // (end + outflow) − (start + inflow) is the period's PnL: the sums are exact, only the quotient is a double.
  return toNumber(div(period.pnl, employed));
}

export function periodReturns(periods: readonly PeriodPnl[]): (number | null)[] {
  return periods.map(periodReturn);
}

/** Chain-linked time-weighted return; `null` as soon as one of the sub-returns is. */
export function twr(returns: Returns): number | null {
  return returns.includes(null) ? null : compound(returns);
}

/** PnL ÷ net invested, which is the equity at the start plus net external flows; `null` when that is not positive. */
export function simpleReturn(period: PeriodPnl): number | null {
  const invested = plus(period.startEquity, period.netFlows);
  if (invested === null || period.pnl === null || invested <= ZERO) return null;
  return toNumber(div(period.pnl, invested));
}

export interface CashFlow {
  /** Epoch milliseconds. */
  time: number;
  /** Negative: paid in by the investor; positive: received. */
  amount: number;
}

/** The flows of a span as its investor sees them: the start paid in, external flows, the end received. */
export function investorFlows(
  span: PeriodPnl,
  flows: readonly { time: number; value: Fixed | null }[],
): CashFlow[] | null {
  if (span.startEquity === null || span.endEquity === null) return null;
  const inside: CashFlow[] = [];
  for (const { time, value } of flows) {
    if (time < span.start || time >= span.end) continue;
    if (value === null) return null;
    inside.push({ time, amount: -toNumber(value) });
  }
  return [
    { time: span.start, amount: -toNumber(span.startEquity) },
    ...inside,
    { time: span.end, amount: toNumber(span.endEquity) },
  ].filter(({ amount }) => amount !== 0);
}
