import type { Fixed } from '../../money/money.ts';
import { decimalOrNull } from '../../money/money.ts';
import type { Period } from './calendar.ts';
import { ratio } from '../../money/ratio.ts';
import type { TotalsAt } from '../ledger/totals.ts';
import { minus, plus } from '../../money/unknown.ts';
import type { PeriodBody } from '../../schemas/period-schema.ts';

/** What happened between two instants. Base currency; `null` without a price or rate at either end. */
export interface PeriodPnl {
  start: number;
  end: number;
  startEquity: Fixed | null;
  endEquity: Fixed | null;
  /** External money and coins, inflows minus outflows. */
  netFlows: Fixed | null;
  inflows: Fixed | null;
  /** endEquity − startEquity − netFlows. */
  pnl: Fixed | null;
  realisedGross: Fixed | null;
  realisedNet: Fixed | null;
  /** The change in unrealised PnL: pnl = realisedNet + unrealisedChange + income + transferred, exactly. */
  unrealisedChange: Fixed | null;
  fees: Fixed | null;
  income: Fixed | null;
  /** Gain transferred to other portfolios, minus gain received from them. */
  transferred: Fixed | null;
}

/**
 * Between two instants of one ledger. Adjacent periods add up exactly, because every figure is a difference of totals.
 */
export function periodPnl(from: TotalsAt, to: TotalsAt): PeriodPnl {
  const netFlows = minus(to.contributions, from.contributions);
  return {
    start: from.time,
    end: to.time,
    startEquity: from.equity,
    endEquity: to.equity,
    netFlows,
    inflows: minus(to.inflows, from.inflows),
    pnl: minus(minus(to.equity, from.equity), netFlows),
    realisedGross: minus(to.realisedGross, from.realisedGross),
    realisedNet: minus(to.realisedNet, from.realisedNet),
    unrealisedChange: minus(to.unrealised, from.unrealised),
    fees: minus(to.fees, from.fees),
    income: minus(to.income, from.income),
    transferred: minus(to.transferred, from.transferred),
  };
}

/** The periods between consecutive instants, one fewer than there are instants. */
export function periodPnls(totals: readonly TotalsAt[]): PeriodPnl[] {
  return totals.flatMap((to, index) => {
    const from = totals[index - 1];
    return from === undefined ? [] : [periodPnl(from, to)];
  });
}

/** The instants at which equity must be known for the periods, ascending: every start and the last end. */
export function boundariesOf(periods: readonly Period[]): number[] {
  const last = periods.at(-1);
  return [...periods.map(({ start }) => start), ...(last === undefined ? [] : [last.end])];
}

export function periodBody(pnl: PeriodPnl, label: string): PeriodBody {
  return {
    label,
    start: new Date(pnl.start).toISOString(),
    end: new Date(pnl.end).toISOString(),
    startEquity: decimalOrNull(pnl.startEquity),
    endEquity: decimalOrNull(pnl.endEquity),
    netFlows: decimalOrNull(pnl.netFlows),
    pnl: decimalOrNull(pnl.pnl),
    rate: ratio(pnl.pnl, plus(pnl.startEquity, pnl.inflows)),
    realizedPnl: { gross: decimalOrNull(pnl.realisedGross), net: decimalOrNull(pnl.realisedNet) },
    unrealizedChange: decimalOrNull(pnl.unrealisedChange),
    fees: decimalOrNull(pnl.fees),
    income: decimalOrNull(pnl.income),
    transferredPnl: decimalOrNull(pnl.transferred),
  };
}
