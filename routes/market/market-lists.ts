import { z } from 'zod';
import { splitSymbol } from '../../lib/symbol.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../../lib/schemas/fields.ts';
import { tickerSchema } from '../../lib/schemas/ticker-schema.ts';
import { type Sorting, sortedPage } from '../http/sorted-page.ts';

const TICKER_COLUMNS = [
  'symbol',
  'price',
  'change',
  'changeRate',
  'high',
  'low',
  'volume',
  'quoteVolume',
  'time',
] as const;

const SYMBOL_COLUMNS = ['symbol', 'base', 'quote'] as const;

const listQuery = {
  base: field.asset.optional().describe('Only symbols with this base asset; all if omitted.'),
  quote: field.asset.optional().describe('Only symbols with this quote asset; all if omitted.'),
  limit: field.wholeLimit,
  cursor: field.cursor,
};

/** Whether a symbol has the requested assets. */
function isOf(symbol: string, wanted: { base?: string | undefined; quote?: string | undefined }): boolean {
  const { base, quote } = splitSymbol(symbol);
  return (wanted.base ?? base) === base && (wanted.quote ?? quote) === quote;
}

export const listSymbols = endpoint({
  method: 'get',
  path: '/v1/market/symbols',
  id: 'listSymbols',
  tag: 'market',
  summary: 'The symbols that have a price, in alphabetical order',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    ...listQuery,
    sort: z
      .enum(SYMBOL_COLUMNS)
      .default('symbol')
      .describe('What to sort by; equal ones by symbol, ascending.'),
    order: z.enum(['asc', 'desc']).default('asc').describe('Direction of the sort.'),
  }),
  status: 200,
  response: field
    .listOf(
      z
        .object({
          symbol: field.symbol.describe('Base and quote asset.'),
          base: field.asset.describe('The asset that is traded.'),
          quote: field.asset.describe('The asset that its price is in.'),
        })
        .meta({ id: 'MarketSymbol', description: 'A symbol and its two assets.' }),
    )
    .meta({ id: 'SymbolList', description: 'One page of the symbols that have a price.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { market }) {
    const { sort, order } = query;
    const parts = market
      .symbols()
      .filter((symbol) => isOf(symbol, query))
      .map((symbol) => ({ symbol, ...splitSymbol(symbol) }));
    const sorting: Sorting<(typeof parts)[number]> = {
      name: sort,
      order,
      valueOf: (each) => each[sort],
      isNumeric: false,
      nameOf: ({ symbol }) => symbol,
    };
    return Promise.resolve(sortedPage(parts, sorting, query));
  },
});

export const listTickers = endpoint({
  method: 'get',
  path: '/v1/market/tickers',
  id: 'listTickers',
  tag: 'market',
  summary: 'Last price, whether it is current, and 24-hour figures, as in the `ticker:` channels',
  description: 'A page begins after the last item of the previous one, wherever that is now in the order.',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    symbols: field.symbolList
      .optional()
      .describe(`Only these symbols; all if omitted. ${field.SYMBOLS_RULE}`),
    sort: z
      .enum(TICKER_COLUMNS)
      .default('symbol')
      .describe('What to sort by; unknown values come last, equal ones by symbol.'),
    order: z.enum(['asc', 'desc']).optional().meta({
      description: 'If omitted: `asc` by symbol, `desc` by figures and times.',
    }),
    ...listQuery,
  }),
  status: 200,
  cache: { kind: 'prices' },
  response: field.listOf(tickerSchema).meta({ id: 'TickerList', description: 'One page of tickers.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { market }) {
    const { sort } = query;
    const symbols = (query.symbols ?? market.symbols()).filter((symbol) => isOf(symbol, query));
    const basis = market.tickersBasis(symbols);
    const cached = new Cached({ owner: 'market', question: query, basis, tagged: basis }, () =>
      sortedPage<z.output<typeof tickerSchema>>(
        symbols.flatMap((symbol) => {
          const ticker = market.ticker(symbol);
          return ticker === null ? [] : [{ ...ticker, status: market.status(symbol) }];
        }),
        {
          name: sort,
          order: query.order ?? (sort === 'symbol' ? 'asc' : 'desc'),
          valueOf: (ticker) => ticker[sort],
          isNumeric: sort !== 'symbol' && sort !== 'time',
          nameOf: ({ symbol }) => symbol,
        },
        query,
      ),
    );
    return Promise.resolve(cached);
  },
});
