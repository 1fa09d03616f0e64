import { z } from 'zod';
import { comparedAccounts } from '../../db/accounts/account-balances.ts';
import { summaryBody } from '../../lib/pnl/valuation/summary-body.ts';
import { readingCursor } from '../../streams/market/reading-cursor.ts';
import { ledgerBasis, withMarket } from '../../streams/portfolio/valuation-basis.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import { summaryFigures } from '../../lib/schemas/summary-schema.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { listedPortfolioSchema, portfolioBody, reconciliationBody } from './portfolio-body.ts';
import { portfolioParams } from './portfolios.ts';

const { portfolioId: _, ...figures } = summaryFigures.shape;

const summarySchema = z
  .object({
    ...listedPortfolioSchema.shape,
    ...figures,
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
    'The figures of `GET …/pnl`: `equity` is the total, `cash` the part that is not invested, and `costBasis` the cost of the rest. Unknown figures are `null`, and `warnings` says why.',
  access: 'read',
  params: portfolioParams,
  status: 200,
  cache: { kind: 'summary' },
  response: summarySchema,
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const accounts = await comparedAccounts(services.db, [portfolio.id]);
    const own = { ...portfolioBody(portfolio), ...reconciliationBody(accounts.get(portfolio.id)) };
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
