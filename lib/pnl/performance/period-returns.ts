import type { Fixed } from '../../money/money.ts';
import { ZERO, div, toNumber } from '../../money/money.ts';
import type { PeriodPnl } from './periods.ts';
import type { Returns } from './returns.ts';
import { compound } from './returns.ts';
import { plus } from '../../money/unknown.ts';

/**
 * Time-weighted return of one period: (end value + outflow) ÷ (previous end value + inflow) − 1. Inflows count as
 * invested from the start of the period, outflows until its end. 0 when nothing was invested; `null` when a value is
 * unknown or the invested capital is negative.
 */
export function periodReturn(period: PeriodPnl): number | null {
  const employed = plus(period.startEquity, period.inflows);
  if (employed === null || period.pnl === null || employed < ZERO) return null;
  if (employed === ZERO) return period.pnl === ZERO ? 0 : null;
  // (end + outflow) − (start + inflow) is the PnL of the period: the sums are exact, and only the quotient is a double.
  return toNumber(div(period.pnl, employed));
}

export function periodReturns(periods: readonly PeriodPnl[]): (number | null)[] {
  return periods.map(periodReturn);
}

/** Chain-linked time-weighted return; `null` if any of the sub-returns is. */
export function twr(returns: Returns): number | null {
  return returns.includes(null) ? null : compound(returns);
}

/** PnL ÷ net invested capital, which is the initial equity plus net external flows; `null` if that is not positive. */
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

/**
 * The flows of a span from the investor's point of view: the initial equity paid in, external flows, the final equity
 * received.
 */
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
