import { z } from 'zod';
import { TRADE_SORTS } from '../../db/trades/trade-order.ts';
import type { TradeFilter } from '../../db/trades/trade-query.ts';
import { calendarOf } from '../../lib/pnl/performance/calendar.ts';
import { searchTerms } from '../../lib/text/search-text.ts';
import * as field from '../../lib/schemas/fields.ts';
import { queryProblem } from '../http/query-problem.ts';
import { instantOf, queryTime } from '../performance/query-span.ts';
import { timeZone } from '../portfolios/portfolio-body.ts';
import { orderType } from './trade-draft.ts';

/** Words per search: each one is compared with every candidate. */
const WORD_LIMIT = 10;

/** The parameters that select trades, shared by the list, its statistics and its download. */
export const tradeFilterQuery = {
  from: queryTime
    .optional()
    .describe('Inclusive: a time, or a date in `tz`. From the first trade if omitted.'),
  to: queryTime
    .optional()
    .describe('Exclusive: a time, or a date in `tz`. Up to the newest trade if omitted.'),
  tz: timeZone.optional().describe("IANA time zone of dates; the portfolio's if omitted."),
  symbol: field.symbol.optional().describe('Only trades of this symbol; not together with `symbols`.'),
  symbols: field.symbolList.optional().describe(`Only trades of these symbols. ${field.SYMBOLS_RULE}`),
  asset: field.asset.optional().describe('Only trades in which this asset was bought, sold, or paid with.'),
  side: z.enum(['buy', 'sell']).optional().describe('Only purchases or only sales; both if omitted.'),
  type: orderType.optional().describe('Only fills of orders of this type, such as `limit`.'),
  exchange: field.exchange.optional().describe('Only trades at this exchange, in any case.'),
  orderId: field.text(200).optional().describe('Only the fills of this order.'),
  tag: field.text(50).optional().describe('Only trades with this tag, exactly as written.'),
  q: field
    .text(200)
    .optional()
    .meta({
      description: `Only trades whose symbol, note, order id or external id contain all these words, in any case. External ids that an import made for rows without one are not searched. Three letters or more, or a Korean syllable, are found anywhere; fewer at the beginning of a word only. A Korean word may be half typed. At most ${WORD_LIMIT} words.`,
      example: 'upbit 분할',
    }),
};

/** The order of the list and of its download. */
export const tradeOrderQuery = {
  sort: z
    .enum(TRADE_SORTS)
    .default('time')
    .describe('What to sort by; `value`, `fee` and `pnl` (net, of sales) are in base currency.'),
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .describe('If omitted: `asc` by symbol, `desc` by time and figures.'),
};

const parsedQuery = z.strictObject(tradeFilterQuery);

/**
 * @param options.timeZone of dates, if the query has no `tz`
 * @throws 400 that names the parameter: a range that ends before it begins, or a local time that the clocks skip
 */
export function tradeFilterOf(
  query: z.output<typeof parsedQuery>,
  options: { timeZone: string },
): TradeFilter {
  const { symbol, symbols, asset, side, type, exchange, orderId, tag, q } = query;
  const calendar = calendarOf(query.tz ?? options.timeZone);
  const from = instantOf('from', query.from, calendar) ?? undefined;
  const to = instantOf('to', query.to, calendar) ?? undefined;
  if (from !== undefined && to !== undefined && from > to) {
    throw queryProblem({ parameter: 'from', detail: 'is after `to`' });
  }
  if (symbol !== undefined && symbols !== undefined) {
    throw queryProblem({ parameter: 'symbol', detail: 'cannot be given together with `symbols`' });
  }
  const words = q === undefined ? null : searchTerms(q).length;
  if (words === 0) throw queryProblem({ parameter: 'q', detail: 'has no word to search for' });
  if (words !== null && words > WORD_LIMIT) {
    throw queryProblem({ parameter: 'q', detail: `must have at most ${WORD_LIMIT} words` });
  }
  const chosen = symbol === undefined ? symbols : [symbol];
  return { from, to, symbols: chosen, asset, side, orderType: type, exchange, orderId, tag, text: q };
}
