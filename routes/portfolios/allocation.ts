import { z } from 'zod';
import { allocationOf } from '../../lib/pnl/valuation/allocation.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import { allocationSchema } from '../../lib/schemas/allocation-schema.ts';
import { equity, head } from '../../lib/schemas/figure-fields.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

export const getAllocation = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/allocation',
  id: 'getAllocation',
  tag: 'portfolios',
  summary: 'How equity is spread: by asset, by quote currency, cash and coins',
  description:
    'Each list adds up to `equity` exactly; the largest comes first. A coin counts towards the quote currency of the symbol that prices it, cash towards its own currency.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: z
    .object({
      ...head,
      equity,
      ...allocationSchema.shape,
      warnings,
    })
    .meta({
      id: 'Allocation',
      description: 'How the equity of a portfolio is spread; each list adds up to it.',
    }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    return await conditionalReply(await valuationBasis(services, portfolio), async () => {
      const { pnl, holdings } = await valuationOf(portfolio.id, {}, services);
      const { portfolioId, asOf, baseCurrency, costMethod, equity, warnings } = pnl;
      const allocation = allocationOf(holdings(), { equity, baseCurrency });
      const { position } = pnl;
      return { portfolioId, asOf, position, baseCurrency, costMethod, equity, ...allocation, warnings };
    });
  },
});
