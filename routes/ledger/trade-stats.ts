import { z } from 'zod';
import { ensureCurrent } from '../../db/ledger/positions/past-states.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { type TradeTotals, tradeTotals } from '../../db/trades/trade-totals.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import { closedTradeStats } from '../../lib/pnl/performance/trade-stats.ts';
import {
  dearFeeWarning,
  missingRate,
  oversoldWarning,
  unvaluedFees,
} from '../../lib/pnl/valuation/trade-warnings.ts';
import { plus } from '../../lib/money/unknown.ts';
import { type Warning, warnings } from '../../lib/schemas/warning-schema.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { closedTrades } from '../../lib/schemas/performance-schema.ts';
import { baseCurrency, realized, usedCostMethod } from '../../lib/schemas/figure-fields.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeFilterOf, tradeFilterQuery } from './trade-filter.ts';

const count = z.int().min(0);
const time = z.union([field.timestamp, z.null()]);
const LACKS_RATE = '`null` if a rate is missing.';

const statsSchema = z
  .object({
    portfolioId: field.portfolioId,
    baseCurrency,
    costMethod: usedCostMethod,
    count: count.describe('How many trades match.'),
    buys: count.describe('How many of these are purchases.'),
    sells: count.describe('How many of these are sales.'),
    firstTime: time.describe('When the oldest was filled; `null` if there is none.'),
    lastTime: time.describe('When the newest was filled; `null` if there is none.'),
    volume: z
      .object({
        bought: field.decimalOrNull.describe(`Value of the purchases. ${LACKS_RATE}`),
        sold: field.decimalOrNull.describe(`Value of the sales. ${LACKS_RATE}`),
        total: field.decimalOrNull.describe('`bought` + `sold`; `null` if either is.'),
      })
      .describe('Quantity × price, in base currency, without fees.'),
    quotes: z
      .array(
        z
          .object({
            currency: field.asset.describe('The quote asset.'),
            buys: count.describe('How many purchases were paid in it.'),
            sells: count.describe('How many sales were paid in it.'),
            bought: field.decimal.describe('Value of these purchases, in `currency`.'),
            sold: field.decimal.describe('Value of these sales, in `currency`.'),
          })
          .meta({ id: 'QuoteVolume', description: 'Volume in one quote asset, without fees.' }),
      )
      .describe('Volume by quote asset, each in that asset.'),
    fees: field.decimalOrNull.describe(
      'All fees, in base currency at the rate of their time. `null` if a rate is missing.',
    ),
    feesPaid: z
      .array(
        z
          .object({
            currency: field.asset.describe('The asset that the fees were paid in.'),
            amount: field.decimal.describe('How much was paid, in `currency`.'),
          })
          .meta({ id: 'FeesPaid', description: 'Fees in one asset.' }),
      )
      .describe('Fees by the asset that they were paid in, each in that asset.'),
    realizedPnl: realized,
    closed: closedTrades.describe(
      'The sales, each compared with its cost; `profit` is net realised PnL. Buying the base currency with a coin is a sale of the coin.',
    ),
    warnings,
  })
  .meta({ id: 'TradeStats', description: 'Totals of the matching trades.' });

function figuresOf(totals: TradeTotals) {
  const { bought, sold, quotes, span, fees, feesPaid, realised, closed } = totals;
  return {
    count: bought.count + sold.count,
    buys: bought.count,
    sells: sold.count,
    firstTime: span && field.isoTime(span.first),
    lastTime: span && field.isoTime(span.last),
    volume: {
      bought: decimalOrNull(bought.value),
      sold: decimalOrNull(sold.value),
      total: decimalOrNull(plus(bought.value, sold.value)),
    },
    quotes: quotes.map((quote) => ({ ...quote, bought: decimal(quote.bought), sold: decimal(quote.sold) })),
    fees: decimalOrNull(fees),
    feesPaid: feesPaid.map(({ currency, amount }) => ({ currency, amount: decimal(amount) })),
    realizedPnl: { gross: decimalOrNull(realised.gross), net: decimalOrNull(realised.net) },
    closed: closedTradeStats(closed),
  };
}

function warningsOf(totals: TradeTotals, baseCurrency: string): Warning[] {
  const { bought, sold, fees, realised, unrated, oversold, dearFees, unvaluedFees: unvalued } = totals;
  const figures = Object.entries({
    'volume.bought': bought.value,
    'volume.sold': sold.value,
    'volume.total': plus(bought.value, sold.value),
    fees,
    'realizedPnl.gross': realised.gross,
    'realizedPnl.net': realised.net,
  });
  const unknown = figures.filter(([, value]) => value === null).map(([name]) => name);
  return [
    ...missingRate(unrated, unknown, baseCurrency),
    ...oversoldWarning(oversold),
    ...dearFeeWarning(dearFees),
    ...unvalued.map((each) => unvaluedFees(each, baseCurrency)),
  ];
}

export const getTradeStats = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades/stats',
  id: 'getTradeStats',
  tag: 'trades',
  summary: 'Totals of the fills and statistics of the sales, with the filter of the list',
  access: 'read',
  params: portfolioParams,
  query: z.strictObject(tradeFilterQuery),
  status: 200,
  response: statsSchema,
  problems: ['invalid-request', 'not-found'],
  async handler({ params, query, caller }, services) {
    const { db } = services;
    const portfolio = await readablePortfolio(services, params.portfolioId, caller);
    const filter = tradeFilterOf(query, portfolio);
    const { id, baseCurrency, costMethod, timeZone, version } = portfolio;
    return await conditionalReply(`${version} ${timeZone}`, async () => {
      await ensureCurrent(db, id);
      const totals = await inSnapshot(db, (trx) => tradeTotals(trx, id, filter));
      return {
        portfolioId: id,
        baseCurrency,
        costMethod,
        ...figuresOf(totals),
        warnings: warningsOf(totals, baseCurrency),
      };
    });
  },
});
