import { z } from 'zod';
import { allocationOf } from '../../lib/pnl/valuation/allocation.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { equity, head, marketValue, weight } from './figure-fields.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

export const shareFields = { marketValue, weight };

export const assetShare = z
  .object({ asset: field.asset.describe('The asset; cash is the base currency.'), ...shareFields })
  .meta({ id: 'AssetShare', description: 'The part of equity that is in one asset.' });
export const kindShare = z
  .object({
    kind: z.enum(['cash', 'coins']).describe('`cash`: the base currency. `coins`: everything else.'),
    ...shareFields,
  })
  .meta({ id: 'KindShare', description: 'The part of equity that is cash, or that is coins.' });
export const quoteShare = z
  .object({
    quote: field.asset.describe('The currency that these assets are quoted in.'),
    assets: z.array(field.asset).describe('The assets, the most valuable first.'),
    ...shareFields,
  })
  .meta({ id: 'QuoteShare', description: 'The part of equity that is in assets quoted in one currency.' });

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
      ...head,
      equity,
      byAsset: z.array(assetShare).describe('By asset, the largest first; cash is one of them.'),
      byQuote: z.array(quoteShare).describe('By the currency that prices come from, the largest first.'),
      byKind: z.array(kindShare).describe('Cash, then coins.'),
      warnings: field.warnings,
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
