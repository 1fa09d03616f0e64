import type { Fixed } from '../money.ts';
import { ONE, ZERO, abs, decimal, decimalOrNull, div, toNumber } from '../money.ts';
import type { Disposal } from './disposal.ts';
import { ratio, statistic } from './ratio.ts';

/** What the statistics need of a closed trade: a sale. */
export interface ClosedTrade {
  entryId: string;
  /** Epoch milliseconds; `openedAt` is `null` when what was sold was not held. */
  openedAt: number | null;
  closedAt: number;
  /** Net realised PnL. */
  profit: Fixed;
  /** Cost of what was sold, buy fees included. */
  cost: Fixed;
}

/** Figures of closed trades. Amounts in base currency as text; `null` where there is nothing to speak of. */
export interface TradeStats {
  count: number;
  wins: number;
  losses: number;
  /** Sales whose realised PnL is not known for want of a rate: left out of everything else. */
  unknown: number;
  winRate: string | null;
  /** Sum of wins ÷ sum of losses. */
  profitFactor: string | null;
  /** Mean profit of a trade. */
  expectancy: string | null;
  /** (1 + average win ÷ average loss) × win rate − 1: what a trade earns per unit put at risk. */
  expectancyRatio: string | null;
  averageWin: string | null;
  /** As a negative amount. */
  averageLoss: string | null;
  best: { entryId: string; profit: string } | null;
  worst: { entryId: string; profit: string } | null;
  averageHoldingMs: number | null;
  totalProfit: string;
  /** Value of all fees; `null` if one has no rate. */
  fees: string | null;
  /** Value bought and sold, fees aside; `null` if a trade has no rate. */
  turnover: string | null;
}

/** Sales as closed trades. Payments with a coin, fees, and withdrawals are no decisions to close a position. */
export function closedTrades(disposals: readonly Disposal[]): { trades: ClosedTrade[]; unknown: number } {
  const trades: ClosedTrade[] = [];
  let unknown = 0;
  for (const { entryId, time, reason, openedAt, realised, cost } of disposals) {
    if (reason !== 'sale') continue;
    if (realised.net === null || cost === null) unknown += 1;
    else trades.push({ entryId, openedAt, closedAt: time, profit: realised.net, cost });
  }
  return { trades, unknown };
}

export function tradeStats(
  trades: readonly ClosedTrade[],
  totals: { fees: Fixed | null; turnover: Fixed | null; unknown: number },
): TradeStats {
  const wins = trades.filter(({ profit }) => profit > ZERO);
  const losses = trades.filter(({ profit }) => profit < ZERO);
  const won = total(wins);
  const lost = abs(total(losses));
  const sum = total(trades);
  const averageWin = average(won, wins.length);
  const averageLoss = average(lost, losses.length);
  return {
    count: trades.length,
    wins: wins.length,
    losses: losses.length,
    unknown: totals.unknown,
    winRate: ratio(BigInt(wins.length) * ONE, BigInt(trades.length) * ONE),
    profitFactor: ratio(won, lost),
    expectancy: decimalOrNull(average(sum, trades.length)),
    expectancyRatio: expectancyRatio(averageWin, averageLoss, wins.length / trades.length),
    averageWin: decimalOrNull(averageWin),
    averageLoss: decimalOrNull(averageLoss === null ? null : -averageLoss),
    best: extreme(trades, (a, b) => a > b),
    worst: extreme(trades, (a, b) => a < b),
    averageHoldingMs: averageHolding(trades),
    totalProfit: decimal(sum),
    fees: decimalOrNull(totals.fees),
    turnover: decimalOrNull(totals.turnover),
  };
}

function expectancyRatio(win: Fixed | null, loss: Fixed | null, winRate: number): string | null {
  if (loss === null) return null;
  return statistic((1 + toNumber(win ?? ZERO) / toNumber(loss)) * winRate - 1);
}

function total(trades: readonly ClosedTrade[]): Fixed {
  return trades.reduce((sum, { profit }) => sum + profit, ZERO);
}

function average(sum: Fixed, count: number): Fixed | null {
  return count === 0 ? null : div(sum, BigInt(count) * ONE);
}

/** Of equal ones the first. */
function extreme(
  trades: readonly ClosedTrade[],
  exceeds: (a: Fixed, b: Fixed) => boolean,
): TradeStats['best'] {
  let found = trades[0];
  if (found === undefined) return null;
  for (const trade of trades) if (exceeds(trade.profit, found.profit)) found = trade;
  return { entryId: found.entryId, profit: decimal(found.profit) };
}

function averageHolding(trades: readonly ClosedTrade[]): number | null {
  const times = trades.flatMap(({ openedAt, closedAt }) => (openedAt === null ? [] : [closedAt - openedAt]));
  return times.length === 0 ? null : Math.round(times.reduce((sum, time) => sum + time, 0) / times.length);
}
