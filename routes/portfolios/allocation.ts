import { z } from 'zod';
import { allocationOf } from '../../lib/pnl/valuation/allocation.ts';
import { COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { position, valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

export const shareFields = {
  marketValue: field.decimalOrNull,
  weight: field.decimalOrNull.meta({ description: 'Share of equity.' }),
};

export const assetShare = z.object({ asset: field.asset, ...shareFields });
export const kindShare = z.object({ kind: z.enum(['cash', 'coins']), ...shareFields });

export const getAllocation = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/allocation',
  id: 'getAllocation',
  tag: 'portfolios',
  summary: 'How equity is spread: by asset, by quote currency, cash against coins',
  description:
    'Each list adds up to `equity` exactly; the largest comes first. A coin counts for the currency that it is quoted in where its price comes from, cash for its own.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  response: z
    .object({
      portfolioId: field.id,
      asOf: field.timestamp,
      position,
      baseCurrency: field.asset,
      costMethod: z.enum(COST_METHODS),
      equity: field.decimalOrNull,
      byAsset: z.array(assetShare),
      byQuote: z.array(z.object({ quote: field.asset, assets: z.array(field.asset), ...shareFields })),
      byKind: z.array(kindShare),
      warnings: z.array(field.warning),
    })
    .meta({ id: 'Allocation' }),
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
