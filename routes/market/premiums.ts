import { z } from 'zod';
import { isFiat } from '../../lib/exchanges/fiat.ts';
import * as field from '../../lib/schemas/fields.ts';
import { splitSymbol } from '../../lib/symbol.ts';
import { endpoint } from '../http/endpoint.ts';
import { queryProblem } from '../http/query-problem.ts';
import { sortedPage } from '../http/sorted-page.ts';
import { type PremiumBody, partsOf, premiumBody, premiumSchema } from './premium-body.ts';

export const listPremiums = endpoint({
  method: 'get',
  path: '/v1/market/premiums',
  id: 'listPremiums',
  tag: 'market',
  summary: 'By how much prices in won exceed those in USDT: the kimchi premium',
  description:
    '`BTC/KRW` against `BTC/USDT` × `USD/KRW`, by two rates: the official one of the dollar, and, as a proxy, what USDT costs in won. Each price names its exchange and its age. A premium is `null`, with a warning, unless all its prices are current.',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    symbols: field.symbolList
      .optional()
      .describe(
        `Only these, which must be coins in won; if omitted, all that have a price in both currencies. ${field.SYMBOLS_RULE}`,
      ),
    sort: z
      .enum(['symbol', 'official', 'usdt'])
      .default('symbol')
      .describe('By symbol, or by the premium of that basis; unknown ones come last, equal ones by symbol.'),
    order: z.enum(['asc', 'desc']).optional().meta({
      description: 'If omitted: `asc` by symbol, `desc` by premium.',
    }),
    limit: field.wholeLimit,
    cursor: field.cursor,
  }),
  status: 200,
  response: field.listOf(premiumSchema).meta({ id: 'PremiumList', description: 'One page of premiums.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { market, clock }) {
    const { sort, order = sort === 'symbol' ? 'asc' : 'desc' } = query;
    const strange = query.symbols?.find((symbol) => !isCoinInWon(symbol));
    if (strange !== undefined)
      throw queryProblem({
        parameter: 'symbols',
        detail: `must be coins in won such as BTC/KRW: ${strange}`,
      });
    const symbols =
      query.symbols ??
      market
        .symbols()
        .filter((symbol) => isCoinInWon(symbol) && market.ticker(partsOf(symbol).foreign) !== null);
    const now = clock.now();
    const page = sortedPage<PremiumBody>(
      [...new Set(symbols)].map((symbol) => premiumBody(symbol, market, now)),
      {
        name: sort,
        order,
        valueOf: (item) => (sort === 'symbol' ? item.symbol : item[sort].premium),
        isNumeric: sort !== 'symbol',
        nameOf: ({ symbol }) => symbol,
      },
      query,
    );
    return Promise.resolve(page);
  },
});

/** USDT is what prices are compared in. */
function isCoinInWon(symbol: string): boolean {
  const { base, quote } = splitSymbol(symbol);
  return quote === 'KRW' && base !== 'USDT' && !isFiat(base);
}
