import { z } from 'zod';
import { commaList } from '../../lib/text/comma-list.ts';
import { valuationBasis } from '../../streams/portfolio/valuation-basis.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { HOLDING_COLUMNS, holdingPage } from './holding-page.ts';
import * as figure from './figure-fields.ts';
import { valuationOf } from './pnl.ts';
import { readablePortfolio } from './portfolio-access.ts';
import { portfolioParams } from './portfolios.ts';

export const holdingSchema = z
  .object({
    asset: field.asset.describe('The asset held; cash is the base currency.'),
    symbol: z
      .union([field.symbol, z.null()])
      .describe('The symbol to watch for its price: the first of `path`; `null` for the base currency.'),
    quantity: field.decimal.describe('How much is held, in units of the asset; negative for a debt.'),
    averagePrice: figure.averagePrice,
    costBasis: figure.costBasis,
    markPrice: field.decimalOrNull.describe(
      'Last known price per unit in base currency; `null` if there is none.',
    ),
    markTime: z
      .union([field.timestamp, z.null()])
      .describe('When that price was made; `null` for the base currency, and without a price.'),
    path: z
      .array(field.symbol)
      .describe('The symbols that the price came through, in order; empty for the base currency.'),
    marketValue: figure.marketValue,
    weight: figure.weight,
    unrealizedPnl: figure.unrealizedPnl,
    unrealizedRate: figure.unrealizedRate,
    realizedPnl: figure.realized,
  })
  .meta({ id: 'Holding', description: 'One asset of a portfolio, marked to market.' });

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
      'Leaves out holdings worth less than this, in base currency (dust). Holdings without a known value, and debts of that size, stay.',
  }),
  unpriced: z.enum(['show', 'hide']).default('show').meta({
    description: '`hide` leaves out what has no price.',
  }),
};

/** With `fields=` an item has only those. */
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
  summary: 'What the portfolio holds, marked to market; the state of the `holdings:` channel',
  description: 'A page begins after the last item of the previous one, wherever that is in the order by now.',
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
    .extend({ ...figure.head, warnings: field.warnings })
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
