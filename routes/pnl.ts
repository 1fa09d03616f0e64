import { z } from 'zod';
import { COST_METHODS } from '../lib/pnl/entry.ts';
import { problem } from '../lib/problem.ts';
import { valuePortfolio, type Valuation } from '../streams/portfolio-valuation.ts';
import { endpoint } from './endpoint.ts';
import * as field from './fields.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';
import type { Services } from './services.ts';

const realized = z.object({ gross: field.decimalOrNull, net: field.decimalOrNull });
const position = z.string().meta({
  example: '12@k3Jx_.48211',
  description: 'Of ledger and market: bodies with equal positions have equal digits.',
});

export const pnlSchema = z
  .object({
    portfolioId: field.id,
    asOf: field.timestamp,
    position,
    baseCurrency: field.asset,
    costMethod: z.enum(COST_METHODS),
    equity: field.decimalOrNull,
    cash: field.decimal,
    marketValue: field.decimalOrNull,
    costBasis: field.decimalOrNull,
    netContributions: field.decimalOrNull,
    unrealizedPnl: field.decimalOrNull,
    unrealizedRate: field.decimalOrNull,
    realizedPnl: realized,
    fees: field.decimalOrNull,
    income: field.decimalOrNull,
    totalPnl: field.decimalOrNull,
    day: z.object({ start: field.decimalOrNull, pnl: field.decimalOrNull, rate: field.decimalOrNull }),
    warnings: z.array(field.warning),
  })
  .meta({ id: 'Pnl' });

export const holdingSchema = z
  .object({
    asset: field.asset,
    symbol: z.union([field.symbol, z.null()]),
    quantity: field.decimal,
    averagePrice: field.decimalOrNull,
    costBasis: field.decimalOrNull,
    markPrice: field.decimalOrNull,
    markTime: z.union([field.timestamp, z.null()]),
    path: z.array(field.symbol).meta({ description: 'The symbols the mark came through.' }),
    marketValue: field.decimalOrNull,
    weight: field.decimalOrNull,
    unrealizedPnl: field.decimalOrNull,
    unrealizedRate: field.decimalOrNull,
    realizedPnl: realized,
  })
  .meta({ id: 'Holding' });

async function valuationOf(portfolioId: string, services: Services): Promise<Valuation> {
  const valuation = await valuePortfolio(services, portfolioId);
  if (valuation === null) throw problem('not-found');
  return valuation.mark();
}

export const getPnl = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/pnl',
  id: 'getPnl',
  tag: 'pnl',
  summary: 'Equity and PnL now; the state of the `pnl:` channel',
  description: 'What is not known is `null`, and `warnings` says why.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: pnlSchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services.db, params.portfolioId, caller);
    return (await valuationOf(portfolio.id, services)).pnl;
  },
});

export const listHoldings = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/holdings',
  id: 'listHoldings',
  tag: 'pnl',
  summary: 'What the portfolio holds, marked to market',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: field.listOf(holdingSchema).extend({ position }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services.db, params.portfolioId, caller);
    const valuation = await valuationOf(portfolio.id, services);
    return { items: valuation.holdings(), nextCursor: null, position: valuation.pnl.position };
  },
});

export const pnlEndpoints = [getPnl, listHoldings];
