import { z } from 'zod';
import type { CostMethod } from '../../lib/pnl/ledger/cost-method.ts';
import { problem } from '../../lib/problem.ts';
import {
  valuePortfolio,
  type Valuation,
  type ValuationSources,
} from '../../streams/portfolio/portfolio-valuation.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import { costMethod } from '../../lib/schemas/figure-fields.ts';
import { pnlSchema } from '../../lib/schemas/pnl-schema.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

/** @throws 404 for a portfolio that was deleted meanwhile */
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
  description: 'Unknown figures are `null`, and `warnings` says why.',
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
