import { z } from 'zod';
import { COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import * as field from '../http/fields.ts';
import { position } from '../portfolios/pnl.ts';

const closedTrade = z.union([z.object({ entryId: field.id, profit: field.decimal }), z.null()]);
const count = z.int().min(0);

/** What became of sales; amounts are in base currency. */
export const closedTrades = z.object({
  count,
  wins: count,
  losses: count,
  unknown: count.meta({ description: 'Sales without a rate: left out of the other figures.' }),
  winRate: field.decimalOrNull,
  profitFactor: field.decimalOrNull,
  expectancy: field.decimalOrNull,
  expectancyRatio: field.decimalOrNull,
  averageWin: field.decimalOrNull,
  averageLoss: field.decimalOrNull,
  best: closedTrade,
  worst: closedTrade,
  averageHoldingMs: z.union([count, z.null()]),
  totalProfit: field.decimal,
});

export const performanceSchema = z
  .object({
    portfolioId: field.id,
    asOf: field.timestamp,
    position,
    baseCurrency: field.asset,
    costMethod: z.enum(COST_METHODS),
    timeZone: z.string(),
    from: field.timestamp,
    to: field.timestamp,
    days: count.meta({ description: 'Calendar days that the span touches: as many sub-returns.' }),
    periodsPerYear: z.number(),
    riskFree: field.decimal,
    startEquity: field.decimalOrNull,
    endEquity: field.decimalOrNull,
    netFlows: field.decimalOrNull,
    pnl: field.decimalOrNull,
    twr: field.decimalOrNull.meta({
      description: 'Time-weighted return: daily (end + outflow) ÷ (start + inflow) − 1, chain-linked.',
    }),
    annualReturn: field.decimalOrNull.meta({ description: '`twr` as a yearly rate.' }),
    xirr: field.decimalOrNull.meta({ description: 'Money-weighted yearly rate, ACT/365.' }),
    simple: field.decimalOrNull.meta({ description: '`pnl` ÷ (`startEquity` + `netFlows`).' }),
    benchmark: z.union([
      z.object({
        symbol: field.symbol,
        return: field.decimalOrNull.meta({ description: 'Of its price in base currency.' }),
        equity: field.decimalOrNull.meta({
          description: 'What the same start and external flows put into it would be worth.',
        }),
        excess: field.decimalOrNull.meta({ description: '`twr` − `return`.' }),
        beta: field.decimalOrNull,
        alpha: field.decimalOrNull.meta({ description: 'A yearly rate.' }),
        correlation: field.decimalOrNull,
        trackingError: field.decimalOrNull,
        days: count.meta({ description: 'With both returns known: the last four figures are of those.' }),
      }),
      z.null(),
    ]),
    risk: z.object({
      days: count.meta({ description: 'With a known return: volatility, Sharpe and Sortino are of those.' }),
      maxDrawdown: z.union([
        z.object({
          depth: field.decimal.meta({ description: 'Share of the peak that was lost.' }),
          peak: z.union([field.timestamp, z.null()]),
          trough: z.union([field.timestamp, z.null()]),
          recovery: z
            .union([field.timestamp, z.null()])
            .meta({ description: '`null` while the peak is not reached again.' }),
        }),
        z.null(),
      ]),
      volatility: field.decimalOrNull,
      sharpe: field.decimalOrNull,
      sortino: field.decimalOrNull,
      calmar: field.decimalOrNull,
    }),
    trades: closedTrades
      .extend({ fees: field.decimalOrNull, turnover: field.decimalOrNull })
      .meta({ description: 'Of the sales in the span; `profit` is net realised PnL.' }),
    warnings: z.array(field.warning),
  })
  .meta({ id: 'Performance' });
