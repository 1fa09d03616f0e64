import { z } from 'zod';
import * as field from './fields.ts';
import { fees } from './figure-fields.ts';
import { spanFigures } from './span-fields.ts';

const closedTrade = z.union([
  z
    .object({
      entryId: field.id.describe('Id of the sale.'),
      profit: field.decimal.describe('Its net realised PnL, in base currency; negative for a loss.'),
    })
    .meta({ id: 'ClosedTrade', description: 'A sale and what it realised.' }),
  z.null(),
]);
const NO_SALES = '`null` without sales.';
const count = z.int().min(0);

/** What became of sales; amounts are in base currency. */
export const closedTrades = z.object({
  count: count.describe('Sales with a known profit or loss.'),
  wins: count.describe('Sales with a profit.'),
  losses: count.describe('Sales with a loss.'),
  unknown: count.describe('Sales without a rate, left out of all other figures.'),
  winRate: field.decimalOrNull.describe(`\`wins\` ÷ \`count\` as a fraction. ${NO_SALES}`),
  profitFactor: field.decimalOrNull.describe('Sum of profits ÷ sum of losses. `null` without losses.'),
  expectancy: field.decimalOrNull.describe(`Average profit of a sale, in base currency. ${NO_SALES}`),
  expectancyRatio: field.decimalOrNull.describe(
    '(1 + average win ÷ average loss) × `winRate` − 1. `null` without losses.',
  ),
  averageWin: field.decimalOrNull.describe('Average profit of the winning sales. `null` without wins.'),
  averageLoss: field.decimalOrNull.describe(
    'Average loss of the losing sales, as a negative amount. `null` without losses.',
  ),
  best: closedTrade.describe(`The sale with the highest profit. ${NO_SALES}`),
  worst: closedTrade.describe(`The sale with the lowest profit. ${NO_SALES}`),
  averageHoldingMs: z
    .union([count, z.null()])
    .describe('Average time from purchase to sale, in milliseconds. `null` if no purchase is known.'),
  totalProfit: field.decimal.describe('Profits minus losses, in base currency.'),
});

const AS_RATE = 'As a fraction (`0.05` is 5 %); `null` if not known or not defined.';
const STATISTIC = '`null` if not known or not defined.';

const benchmark = z
  .object({
    symbol: field.symbol.describe('The symbol compared with.'),
    return: field.decimalOrNull.describe(`Return of its price in base currency. ${AS_RATE}`),
    equity: field.decimalOrNull.describe(
      'What the same start and external flows would now be worth if put into it, in base currency; `null` if a price is missing.',
    ),
    excess: field.decimalOrNull.describe('`twr` − `return`; `null` if either is.'),
    beta: field.decimalOrNull.describe(
      `Slope of the daily returns against those of the benchmark. ${STATISTIC}`,
    ),
    alpha: field.decimalOrNull.describe(`Yearly return beyond what beta explains. ${AS_RATE}`),
    correlation: field.decimalOrNull.describe(`Correlation of the daily returns, from -1 to 1. ${STATISTIC}`),
    trackingError: field.decimalOrNull.describe(
      `Standard deviation of the daily differences, annualised. ${STATISTIC}`,
    ),
    days: count.describe(
      'Days on which both returns are known: beta to tracking error are computed from these.',
    ),
  })
  .meta({ id: 'BenchmarkComparison', description: 'The portfolio compared with a benchmark.' });

const timeOrNull = z.union([field.timestamp, z.null()]);

const maxDrawdown = z
  .object({
    depth: field.decimal.describe('The part of the peak that was lost, as a fraction; `0` if nothing was.'),
    peak: timeOrNull.describe('When the fall began; `null` if nothing was lost.'),
    trough: timeOrNull.describe('When it was deepest; `null` if nothing was lost.'),
    recovery: timeOrNull.describe('When the peak was reached again; `null` if it has not been.'),
  })
  .meta({ id: 'Drawdown', description: 'The deepest fall of the time-weighted return from a peak.' });

const risk = z
  .object({
    days: count.describe('Days with a known return: volatility, Sharpe and Sortino are computed from these.'),
    maxDrawdown: z
      .union([maxDrawdown, z.null()])
      .describe('The deepest drawdown; `null` if the return of a day is not known.'),
    volatility: field.decimalOrNull.describe(
      `Standard deviation of daily returns, annualised, as a fraction. ${STATISTIC}`,
    ),
    sharpe: field.decimalOrNull.describe(
      `Mean daily return beyond the risk-free rate ÷ its standard deviation, annualised. ${STATISTIC}`,
    ),
    sortino: field.decimalOrNull.describe(
      `Mean return beyond the risk-free rate ÷ downside deviation, annualised. ${STATISTIC}`,
    ),
    calmar: field.decimalOrNull.describe('`annualReturn` ÷ `maxDrawdown.depth`; `null` without a drawdown.'),
  })
  .meta({ id: 'Risk', description: 'Risk figures of the daily time-weighted returns.' });

const tradeStats = closedTrades
  .extend({
    fees,
    turnover: field.decimalOrNull.describe(
      'Value of everything bought and sold, without fees, in base currency; `null` if a rate is missing.',
    ),
  })
  .meta({ id: 'ClosedTrades', description: 'The sales in the span; `profit` is net realised PnL.' });

/** Returns, risk and sales of a span; amounts are in base currency. */
export const performanceFigures = z.object({
  ...spanFigures,
  twr: field.decimalOrNull.describe(
    `Time-weighted return: daily (end + outflow) ÷ (start + inflow) − 1, chain-linked. ${AS_RATE}`,
  ),
  annualReturn: field.decimalOrNull.describe(`\`twr\` as a yearly rate. ${AS_RATE}`),
  xirr: field.decimalOrNull.describe(
    `Money-weighted yearly rate, ACT/365. Of several that fit it is the one nearest to zero in ln(1 + rate). ${AS_RATE}`,
  ),
  xirrRoots: z
    .union([z.int(), z.null()])
    .describe('How many rates fit as `xirr`; `null` if a value is not known.'),
  simple: field.decimalOrNull.describe(`\`pnl\` ÷ (\`startEquity\` + \`netFlows\`). ${AS_RATE}`),
  benchmark: z
    .union([benchmark, z.null()])
    .describe('The comparison with a benchmark; `null` if there is none to compare with.'),
  risk,
  trades: tradeStats,
});

export type ClosedTradeStats = z.input<typeof closedTrades>;
export type TradeStats = z.input<typeof tradeStats>;
export type BenchmarkBody = z.input<typeof benchmark>;
export type RiskBody = z.input<typeof risk>;
export type PerformanceBody = z.input<typeof performanceFigures>;
