import type { Fixed } from '../../money/money.ts';
import { ONE, ZERO, decimal, decimalOrNull, div, toNumber } from '../../money/money.ts';
import type { Disposal } from '../ledger/disposal.ts';
import { ratio, statistic } from '../../money/ratio.ts';
import type { ClosedTradeStats, TradeStats } from '../../schemas/performance-schema.ts';

/** What the statistics need to know about a closed trade, which is a sale. */
export interface ClosedTrade {
  entryId: string;
  /** Epoch milliseconds; `openedAt` is `null` if what was sold was not held. */
  openedAt: number | null;
  closedAt: number;
  /** Net realised PnL. */
  profit: Fixed;
  /** Cost of what was sold, buy fees included. */
  cost: Fixed;
}

/**
 * A sale as a closed trade, `unknown` without a rate. `null` for payments in a coin, fees and withdrawals: those are
 * not decisions to close a position.
 */
export function closedTrade(disposal: Disposal): ClosedTrade | 'unknown' | null {
  const { entryId, time, reason, openedAt, realised, cost } = disposal;
  if (reason !== 'sale') return null;
  if (realised.net === null || cost === null) return 'unknown';
  return { entryId, openedAt, closedAt: time, profit: realised.net, cost };
}

/** The closed trades among a list of disposals. */
export function closedTrades(disposals: readonly Disposal[]): { trades: ClosedTrade[]; unknown: number } {
  const closed = disposals.map(closedTrade);
  return {
    trades: closed.filter((trade) => trade !== null && trade !== 'unknown'),
    unknown: closed.filter((trade) => trade === 'unknown').length,
  };
}

/** The sums behind the figures of closed trades, however they were added up. */
export interface ClosedTradeSums {
  count: number;
  wins: number;
  losses: number;
  unknown: number;
  /** The sum of profits, and the sum of losses as a positive amount. */
  won: Fixed;
  lost: Fixed;
  /** The first one, if several are equal. */
  best: Pick<ClosedTrade, 'entryId' | 'profit'> | null;
  worst: Pick<ClosedTrade, 'entryId' | 'profit'> | null;
  /** Of the trades whose purchase is known. */
  held: { trades: number; ms: number };
}

export function closedTradeStats(sums: ClosedTradeSums): ClosedTradeStats {
  const { count, wins, losses, unknown, won, lost, best, worst, held } = sums;
  const averageWin = average(won, wins);
  const averageLoss = average(lost, losses);
  return {
    count,
    wins,
    losses,
    unknown,
    winRate: ratio(BigInt(wins) * ONE, BigInt(count) * ONE),
    profitFactor: ratio(won, lost),
    expectancy: decimalOrNull(average(won - lost, count)),
    expectancyRatio: expectancyRatio(averageWin, averageLoss, wins / count),
    averageWin: decimalOrNull(averageWin),
    averageLoss: decimalOrNull(averageLoss === null ? null : -averageLoss),
    best: extreme(best),
    worst: extreme(worst),
    averageHoldingMs: held.trades === 0 ? null : Math.round(held.ms / held.trades),
    totalProfit: decimal(won - lost),
  };
}

/** Adds closed trades one by one, whatever their number. */
export interface TradeTally {
  add: (disposal: Disposal) => void;
  addTrade: (trade: ClosedTrade) => void;
  stats: (totals: { fees: Fixed | null; turnover: Fixed | null }) => TradeStats;
}

export function tallyTrades(): TradeTally {
  let [count, wins, losses, unknown] = [0, 0, 0, 0];
  let [won, lost] = [ZERO, ZERO];
  let best: ClosedTrade | null = null;
  let worst: ClosedTrade | null = null;
  let held = { trades: 0, ms: 0 };

  function addTrade(trade: ClosedTrade): void {
    const { profit, openedAt, closedAt } = trade;
    count += 1;
    if (profit > ZERO) {
      wins += 1;
      won += profit;
    } else if (profit < ZERO) {
      losses += 1;
      lost -= profit;
    }
    if (best === null || profit > best.profit) best = trade;
    if (worst === null || profit < worst.profit) worst = trade;
    if (openedAt !== null) held = { trades: held.trades + 1, ms: held.ms + (closedAt - openedAt) };
  }

  return {
    addTrade,
    add(disposal) {
      const trade = closedTrade(disposal);
      if (trade === 'unknown') unknown += 1;
      else if (trade !== null) addTrade(trade);
    },
    stats: ({ fees, turnover }) => ({
      ...closedTradeStats({ count, wins, losses, unknown, won, lost, best, worst, held }),
      fees: decimalOrNull(fees),
      turnover: decimalOrNull(turnover),
    }),
  };
}

export function tradeStats(
  trades: readonly ClosedTrade[],
  totals: { fees: Fixed | null; turnover: Fixed | null; unknown: number },
): TradeStats {
  const tally = tallyTrades();
  for (const trade of trades) tally.addTrade(trade);
  return { ...tally.stats(totals), unknown: totals.unknown };
}

function extreme(trade: ClosedTradeSums['best']): TradeStats['best'] {
  return trade === null ? null : { entryId: trade.entryId, profit: decimal(trade.profit) };
}

function expectancyRatio(win: Fixed | null, loss: Fixed | null, winRate: number): string | null {
  if (loss === null) return null;
  return statistic((1 + toNumber(win ?? ZERO) / toNumber(loss)) * winRate - 1);
}

function average(sum: Fixed, count: number): Fixed | null {
  return count === 0 ? null : div(sum, BigInt(count) * ONE);
}
