import { z } from 'zod';
import { commaList } from '../../lib/text/comma-list.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { HOLDING_COLUMNS, holdingPage } from './holding-page.ts';
import * as figure from '../../lib/schemas/figure-fields.ts';
import { holdingSchema } from '../../lib/schemas/holding-schema.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

/** Which holdings, and in which order. */
export const holdingsQuery = {
  costMethod: figure.costMethod,
  sort: z
    .enum(HOLDING_COLUMNS)
    .default('asset')
    .describe('What to sort by; unknown values come last, equal ones by asset.'),
  order: z.enum(['asc', 'desc']).optional().meta({
    description: 'If omitted: `asc` by asset and symbol, `desc` by figures and times.',
  }),
  minValue: field.nonNegativeAmount.optional().meta({
    description:
      'Leaves out holdings worth less than this, in base currency (dust). Holdings of unknown value, and larger debts, stay.',
  }),
  unpriced: z.enum(['show', 'hide']).default('show').meta({
    description: '`hide` leaves out holdings without a price.',
  }),
};

/** With `fields=` an item has only those properties. */
const leanHolding = holdingSchema
  .partial()
  .meta({ id: 'LeanHolding', description: 'A holding with the members that `fields` named.' });

const fieldList = z
  .string()
  .max(500)
  .transform(commaList)
  .pipe(z.array(holdingSchema.keyof()).min(1))
  .meta({ type: 'string', example: 'asset,quantity,marketValue' });

export const listHoldings = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/holdings',
  id: 'listHoldings',
  tag: 'portfolios',
  summary: 'The holdings of a portfolio, marked to market; the state of the `holdings:` channel',
  description: 'A page begins after the last item of the previous one, wherever that is now in the order.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...holdingsQuery,
    fields: fieldList
      .optional()
      .describe('The members that an item has, comma-separated; all of them if omitted.'),
    limit: field.wholeLimit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field
    .listOf(z.union([holdingSchema, leanHolding]))
    .extend({ ...figure.head, warnings })
    .meta({ id: 'HoldingList', description: 'One page of the holdings of a portfolio.' }),
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
