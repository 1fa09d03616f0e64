import { z } from 'zod';
import { COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { HOLDING_COLUMNS, holdingPage } from './holding-page.ts';
import { costMethod, position, realized, valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

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

/** Which holdings, and in which order. */
export const holdingsQuery = {
  costMethod,
  sort: z.enum(HOLDING_COLUMNS).default('asset'),
  order: z.enum(['asc', 'desc']).optional().meta({
    description: '`asc` by asset and symbol, `desc` by figures and times when left out.',
  }),
  minValue: field.nonNegativeAmount.optional().meta({
    description:
      'Leaves out what is worth less, in base currency: dust. What has no known value, and debts of that size, stay.',
  }),
  unpriced: z.enum(['show', 'hide']).default('show').meta({
    description: '`hide` leaves out what has no price.',
  }),
};

/** With `fields=` an item has only those. */
const leanHolding = holdingSchema.partial().meta({ id: 'LeanHolding' });

const fieldList = z
  .string()
  .max(500)
  .transform((text) => [...new Set(text.split(',').filter((part) => part !== ''))])
  .pipe(z.array(holdingSchema.keyof()).min(1))
  .meta({ type: 'string', example: 'asset,quantity,marketValue' });

export const listHoldings = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/holdings',
  id: 'listHoldings',
  tag: 'portfolios',
  summary: 'What the portfolio holds, marked to market; the state of the `holdings:` channel',
  description:
    'Sorted by any column, with unknown values last and equal ones by asset. A page begins after the last item of the one before, wherever that stands by now.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...holdingsQuery,
    fields: fieldList
      .optional()
      .meta({ description: 'What an item has, comma-separated; all when left out.' }),
    limit: field.wholeLimit,
    cursor: z.string().max(500).optional(),
  }),
  status: 200,
  response: field.listOf(z.union([holdingSchema, leanHolding])).extend({
    portfolioId: field.id,
    asOf: field.timestamp,
    position,
    baseCurrency: field.asset,
    costMethod: z.enum(COST_METHODS),
    warnings: z.array(field.warning),
  }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { fields } = query;
    return await conditionalReply(await valuationBasis(services, portfolio, query), async () => {
      const { pnl, holdings } = await valuationOf(portfolio.id, query, services);
      const { items, nextCursor } = holdingPage(holdings(), query);
      const lean =
        fields === undefined
          ? items
          : items.map((item) => Object.fromEntries(fields.map((name) => [name, item[name]])));
      const { portfolioId, asOf, position, baseCurrency, costMethod, warnings } = pnl;
      return { items: lean, nextCursor, portfolioId, asOf, position, baseCurrency, costMethod, warnings };
    });
  },
});
