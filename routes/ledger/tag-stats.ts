import { z } from 'zod';
import { ensureCurrent } from '../../db/ledger/positions/past-states.ts';
import { tagTotals, type TagTotals } from '../../db/trades/tag-totals.ts';
import { decimalOrNull } from '../../lib/money/money.ts';
import { closedTradeStats } from '../../lib/pnl/performance/trade-stats.ts';
import { closedTrades } from '../../lib/schemas/performance-schema.ts';
import * as field from '../../lib/schemas/fields.ts';
import { baseCurrency, realized, usedCostMethod } from '../../lib/schemas/figure-fields.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeFilterOf, tradeFilterQuery } from './trade-filter.ts';

const count = z.int().min(0);
const LACKS_RATE = '`null` if a rate is missing.';
const { tag: _, ...filterQuery } = tradeFilterQuery;
const { wins, losses, unknown, winRate, profitFactor, expectancy } = closedTrades.shape;

const tagStats = z
  .object({
    tag: z.string().describe('A tag that trades of the portfolio carry.'),
    count: count.describe('How many trades have it.'),
    sells: count.describe('How many of these are sales.'),
    wins,
    losses,
    unknown,
    winRate,
    profitFactor,
    expectancy,
    realizedPnl: realized,
    volume: field.decimalOrNull.describe(`Quantity × price of the trades, in base currency. ${LACKS_RATE}`),
    fees: field.decimalOrNull.describe(
      `Their fees, in base currency at the rate of their time. ${LACKS_RATE}`,
    ),
  })
  .meta({ id: 'TagStats', description: 'Totals of the trades with one tag.' });

function tagBody(totals: TagTotals): z.input<typeof tagStats> {
  const { known, sales, won, lost, realised } = totals;
  const closed = closedTradeStats({
    count: known,
    wins: totals.wins,
    losses: totals.losses,
    unknown: sales - known,
    won,
    lost,
    best: null,
    worst: null,
    held: { trades: 0, ms: 0 },
  });
  return {
    tag: totals.tag,
    count: totals.trades,
    sells: sales,
    wins: closed.wins,
    losses: closed.losses,
    unknown: closed.unknown,
    winRate: closed.winRate,
    profitFactor: closed.profitFactor,
    expectancy: closed.expectancy,
    realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
    volume: decimalOrNull(totals.value),
    fees: decimalOrNull(totals.fees),
  };
}

export const listTagStats = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades/stats/tags',
  id: 'listTagStats',
  tag: 'trades',
  summary: 'Statistics of the sales by tag, with the filter of the list',
  description:
    'Each tag of the matching trades, in alphabetical order; trades without one are left out. A trade with several tags counts for each, so the tags do not add up to a total. `GET …/trades/stats?tag=` has all figures of one.',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject({ ...filterQuery, limit: field.limit, cursor: field.cursor }),
  status: 200,
  response: field
    .listOf(tagStats)
    .extend({ portfolioId: field.portfolioId, baseCurrency, costMethod: usedCostMethod })
    .meta({ id: 'TagStatsList', description: 'One page of the statistics by tag.' }),
  problems: ['invalid-request', 'invalid-cursor', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const { limit, cursor, ...filter } = query;
    const wanted = tradeFilterOf(filter, portfolio);
    const { id, baseCurrency: currency, costMethod, timeZone, version } = portfolio;
    return await conditionalReply(`${version} ${timeZone}`, async () => {
      await ensureCurrent(db, id);
      const page = await tagTotals(db, id, wanted, { limit, cursor });
      return {
        portfolioId: id,
        baseCurrency: currency,
        costMethod,
        items: page.items.map(tagBody),
        nextCursor: page.nextCursor,
      };
    });
  },
});
