import { z } from 'zod';
import { ensureCurrent } from '../../db/ledger/past-states.ts';
import { inSnapshot } from '../../db/connection/consistent-read.ts';
import { type TradeTotals, tradeTotals } from '../../db/trades/trade-totals.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import { COST_METHODS } from '../../lib/pnl/ledger/entry.ts';
import { closedTradeStats } from '../../lib/pnl/performance/trade-stats.ts';
import { missingRate, oversoldWarning, unvaluedFees } from '../../lib/pnl/valuation/trade-warnings.ts';
import { plus } from '../../lib/money/unknown.ts';
import type { Warning } from '../../lib/pnl/valuation/warning.ts';
import { conditionalReply } from '../http/conditional-reply.ts';
import { endpoint } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { closedTrades } from '../performance/performance-schema.ts';
import { realized } from '../portfolios/pnl.ts';
import { readablePortfolio } from '../portfolios/portfolio-access.ts';
import { portfolioParams } from '../portfolios/portfolios.ts';
import { tradeFilterOf, tradeFilterQuery } from './trade-filter.ts';

const count = z.int().min(0);
const time = z.union([field.timestamp, z.null()]);

const statsSchema = z
  .object({
    portfolioId: field.id,
    baseCurrency: field.asset,
    costMethod: z.enum(COST_METHODS),
    count,
    buys: count,
    sells: count,
    firstTime: time,
    lastTime: time,
    volume: z
      .object({ bought: field.decimalOrNull, sold: field.decimalOrNull, total: field.decimalOrNull })
      .meta({ description: 'What changed hands, in base currency, fees aside.' }),
    quotes: z
      .array(
        z.object({
          currency: field.asset,
          buys: count,
          sells: count,
          bought: field.decimal,
          sold: field.decimal,
        }),
      )
      .meta({ description: 'The same by the currency that prices are in, and in it.' }),
    fees: field.decimalOrNull.meta({ description: 'In base currency.' }),
    feesPaid: z
      .array(z.object({ currency: field.asset, amount: field.decimal }))
      .meta({ description: 'The same by the currency they were paid in, and in it.' }),
    realizedPnl: realized.meta({ description: 'Of all sales; `null` when that of one is not known.' }),
    closed: closedTrades.meta({
      description:
        'Of the sales, each held against what it cost; `profit` is net realised PnL. Buying the base currency with a coin is a sale of the coin.',
    }),
    warnings: z.array(field.warning),
  })
  .meta({ id: 'TradeStats' });

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
  const { bought, sold, fees, realised, unrated, oversold, unvaluedFees: unvalued } = totals;
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
    ...unvalued.map((each) => unvaluedFees(each, baseCurrency)),
  ];
}

export const getTradeStats = endpoint({
  method: 'get',
  path: '/v1/portfolios/:portfolioId/trades/stats',
  id: 'getTradeStats',
  tag: 'trades',
  summary: 'What the fills add up to, and what became of the sales: for the same filter as the list',
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
