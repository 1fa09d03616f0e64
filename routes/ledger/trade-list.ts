import { mapInSlices } from '../../lib/async/time-slice.ts';
import { z } from 'zod';
import { ensureCurrent } from '../../db/ledger/positions/past-states.ts';
import {
  countTrades,
  getListedTrade,
  type ListedTrade,
  listTrades as pageOfTrades,
} from '../../db/trades/trade-list.ts';
import { decimalOrNull } from '../../lib/money/money.ts';
import { tradeWarnings } from '../../lib/pnl/valuation/trade-warnings.ts';
import { problem } from '../../lib/problem.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { warnings } from '../../lib/schemas/warning-schema.ts';
import { baseCurrency, realized, usedCostMethod } from '../../lib/schemas/figure-fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeFilterOf, tradeFilterQuery, tradeOrderQuery } from './trade-filter.ts';
import { tradeBody, tradeSchema } from '../portfolios/trade-body.ts';
import { tradeParams } from './trades.ts';

const listedTrade = tradeSchema
  .extend({
    value: field.decimalOrNull.describe(
      'Quantity × price in base currency at the rate of its time; `null` if there was no rate.',
    ),
    feeValue: field.decimalOrNull.describe(
      'The fee in base currency at the rate of its time, `0` without a fee; `null` if there was no rate.',
    ),
    realizedPnl: z
      .union([realized, z.null()])
      .describe("What the sale realised under the portfolio's cost method; `null` for a purchase."),
  })
  .meta({ id: 'ListedTrade', description: 'A trade with its figures in base currency.' });

/** The currency of the figures, and warnings about them. */
const context = { baseCurrency, costMethod: usedCostMethod, warnings };

function listedBody({ trade, value, feeValue, result }: ListedTrade): z.input<typeof listedTrade> {
  return {
    ...tradeBody(trade),
    value: decimalOrNull(value),
    feeValue: decimalOrNull(feeValue),
    realizedPnl:
      result === null ? null : { gross: decimalOrNull(result.gross), net: decimalOrNull(result.net) },
  };
}

function warningsOf(trades: readonly ListedTrade[], baseCurrency: string): z.input<typeof context.warnings> {
  return tradeWarnings(
    trades.map(({ trade, ...figures }) => ({ id: trade.id, fee: trade.fee, ...figures })),
    baseCurrency,
  );
}

export const listTrades = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades',
  id: 'listTrades',
  tag: 'trades',
  summary: 'The fills of a portfolio: filtered, searched, sorted, with what each sale realised',
  description:
    'A page begins after the last trade of the previous one, whatever was booked or removed in the meantime; a cursor is valid for the same filter and order only. Trades without the figure that they are sorted by come last in either order, and equal ones are sorted by id.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({
    ...tradeFilterQuery,
    ...tradeOrderQuery,
    count: z
      .enum(['true', 'false'])
      .default('false')
      .describe('`true`: every page also has the `total` number of trades that match.'),
    limit: field.limit,
    cursor: z.string().min(1).max(1000).optional().describe(field.CURSOR),
  }),
  status: 200,
  response: field
    .listOf(listedTrade)
    .extend({
      total: z.int().optional().describe('How many trades match; only with `count=true`.'),
      portfolioId: field.portfolioId,
      ...context,
    })
    .meta({ id: 'TradeList', description: 'One page of the trades that match.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const { sort, order = sort === 'symbol' ? 'asc' : 'desc', count, limit, cursor, ...given } = query;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const filter = tradeFilterOf(given, portfolio);
    const { id, baseCurrency, costMethod, timeZone, version } = portfolio;
    return await conditionalReply(`${version} ${timeZone}`, async () => {
      await ensureCurrent(db, id);
      const { items, nextCursor } = await pageOfTrades(db, id, filter, { sort, order, limit, cursor });
      return {
        items: await mapInSlices(items, listedBody),
        nextCursor,
        ...(count === 'true' ? { total: await countTrades(db, id, filter) } : {}),
        portfolioId: id,
        baseCurrency,
        costMethod,
        warnings: warningsOf(items, baseCurrency),
      };
    });
  },
});

export const getTrade = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades/:tradeId',
  id: 'getTrade',
  tag: 'trades',
  summary: 'One fill',
  access: 'read',
  params: tradeParams,
  status: 200,
  response: listedTrade
    .extend(context)
    .meta({ id: 'TradeDetails', description: 'One trade with its figures in base currency.' }),
  problems: ['not-found'],
  async handler({ params, caller }, services) {
    const { db } = services;
    const { id, baseCurrency, costMethod } = await readablePortfolio(services, params.portfolioId, caller);
    await ensureCurrent(db, id);
    const trade = await getListedTrade(db, id, params.tradeId);
    if (trade === null) throw problem('not-found', { detail: 'There is no such trade.' });
    return { ...listedBody(trade), baseCurrency, costMethod, warnings: warningsOf([trade], baseCurrency) };
  },
});

export const tradeListEndpoints = [listTrades, getTrade];
