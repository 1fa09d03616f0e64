import { z } from 'zod';
import { COST_METHODS, type CostMethod } from '../../lib/pnl/ledger/entry.ts';
import { problem } from '../../lib/problem.ts';
import {
  valuePortfolio,
  type Valuation,
  type ValuationSources,
} from '../../streams/portfolio/portfolio-valuation.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

export const realized = z.object({ gross: field.decimalOrNull, net: field.decimalOrNull });
export const position = z.string().meta({
  example: '12@k3Jx_.48211',
  description: 'Of ledger and market: bodies of one cost method with equal positions have equal digits.',
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
    unvalued: z.array(field.unvalued).meta({
      description: 'What the totals lack for want of a price; each amount has a warning as well.',
    }),
    warnings: z.array(field.warning),
  })
  .meta({ id: 'Pnl' });

/** For a moment another cost method than the portfolio's own. */
export const costMethod = z.enum(COST_METHODS).optional().meta({
  description: "How the cost of what is sold is found; the portfolio's own method when left out.",
});

/** @throws 404 for a portfolio that has gone meanwhile */
export async function valuationOf(
  portfolioId: string,
  options: { costMethod?: CostMethod | undefined },
  services: ValuationSources,
): Promise<Valuation> {
  const valuation = await valuePortfolio(services, portfolioId, options);
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
  query: z.strictObject({ costMethod }),
  status: 200,
  response: pnlSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const basis = await valuationBasis(services, portfolio, query);
    return await conditionalReply(basis, async () => (await valuationOf(portfolio.id, query, services)).pnl);
  },
});
