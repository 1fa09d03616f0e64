import { z } from 'zod';
import { summaryBody } from '../../lib/pnl/valuation/summary-body.ts';
import { readingCursor } from '../../streams/market/reading-cursor.ts';
import { ledgerBasis, withMarket } from '../../streams/portfolio/valuation-basis.ts';
import { assetShare, kindShare, shareFields } from './allocation.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { pnlSchema, valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioBody, portfolioSchema } from './portfolio-body.ts';
import { portfolioParams } from './portfolios.ts';

const { portfolioId: _, ...figures } = pnlSchema.shape;

export const summarySchema = z
  .object({
    ...portfolioSchema.shape,
    ...figures,
    totalRate: field.decimalOrNull.describe(
      '`totalPnl` ÷ `netContributions` as a fraction; `null` if not known or nothing was contributed.',
    ),
    coins: z.int().describe('How many different coins are held; `GET …/holdings` lists them.'),
    allocation: z
      .object({
        byKind: z.array(kindShare).describe('Cash, then coins.'),
        byAsset: z.array(assetShare).describe('The 20 largest; `GET …/allocation` has them all.'),
        others: z
          .union([
            z.object({ count: z.int().describe('How many assets these are.'), ...shareFields }),
            z.null(),
          ])
          .describe('Everything that is not in `byAsset`, together; `null` if there is nothing else.'),
      })
      .describe('How equity is spread.'),
    cursor: z
      .union([z.string(), z.null()])
      .describe(
        'Open a stream with it as `Last-Event-ID` to get every change since this answer. `null` while the event log cannot be reached.',
      ),
  })
  .meta({ id: 'PortfolioSummary', description: 'A portfolio at a glance; amounts are in base currency.' });

export const getPortfolio = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId',
  id: 'getPortfolio',
  tag: 'portfolios',
  summary: 'One portfolio at a glance: settings, total assets, PnL, allocation',
  description:
    'The figures of `GET …/pnl`: `equity` is everything, `cash` is what is not invested and `costBasis` what is. What is not known is `null`, and `warnings` says why.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  cache: { kind: 'summary' },
  response: summarySchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const own = portfolioBody(portfolio);
    const { id: owner, access: question } = portfolio;
    const basis = `${await ledgerBasis(services, portfolio)} ${JSON.stringify(own)}`;
    const tagged = withMarket(basis, services.market);
    return new Cached({ owner, question, basis, tagged }, async (market) => {
      const cursor = await readingCursor(services, portfolio.id);
      if (cursor === null) market.spoil();
      const { pnl, holdings } = await valuationOf(portfolio.id, {}, { ...services, market });
      const { portfolioId: id, ...summary } = summaryBody(pnl, holdings());
      return { ...own, id, ...summary, cursor };
    });
  },
});
