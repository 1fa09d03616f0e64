import { z } from 'zod';
import { splitSymbol } from '../../lib/symbol.ts';
import type { TickerBody } from '../../streams/channels/record.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { type Sorting, sortedPage } from '../http/sorted-page.ts';

export const tickerSchema = z
  .object({
    symbol: field.symbol,
    price: field.decimal,
    change: field.decimalOrNull,
    changeRate: field.decimalOrNull,
    high: field.decimal,
    low: field.decimal,
    volume: field.decimal,
    quoteVolume: field.decimal,
    time: field.timestamp,
    exchange: z.union([z.string(), z.null()]),
    simulated: z.boolean(),
  })
  .meta({ id: 'Ticker' });

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
  base: field.asset.optional(),
  quote: field.asset.optional(),
  limit: field.wholeLimit,
  cursor: z.string().max(500).optional(),
};

/** Whether a symbol has the assets that are asked for. */
function isOf(symbol: string, wanted: { base?: string | undefined; quote?: string | undefined }): boolean {
  const { base, quote } = splitSymbol(symbol);
  return (wanted.base ?? base) === base && (wanted.quote ?? quote) === quote;
}

export const listSymbols = endpoint({
  method: 'get',
  path: '/v1/market/symbols',
  id: 'listSymbols',
  tag: 'market',
  summary: 'The symbols that have a price, in alphabetical order by any of their parts',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    ...listQuery,
    sort: z.enum(SYMBOL_COLUMNS).default('symbol'),
    order: z
      .enum(['asc', 'desc'])
      .default('asc')
      .meta({ description: 'Of equal ones by symbol, always `asc`.' }),
  }),
  status: 200,
  response: field.listOf(z.object({ symbol: field.symbol, base: field.asset, quote: field.asset })),
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
  summary: 'Last price and 24-hour figures; the state of the `ticker:` channels',
  description:
    'Sorted by any column, with unknown values last and equal ones by symbol. A page begins after the last item of the one before, wherever that stands by now.',
  access: 'read',
  publicMarket: true,
  query: z.strictObject({
    symbols: field.symbolList.optional().meta({ description: `All when left out. ${field.SYMBOLS_RULE}` }),
    sort: z.enum(TICKER_COLUMNS).default('symbol'),
    order: z.enum(['asc', 'desc']).optional().meta({
      description: '`asc` by symbol, `desc` by figures and times when left out.',
    }),
    ...listQuery,
  }),
  status: 200,
  cache: { kind: 'prices' },
  response: field.listOf(tickerSchema),
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { market }) {
    const { sort } = query;
    const symbols = (query.symbols ?? market.symbols()).filter((symbol) => isOf(symbol, query));
    const basis = market.tickersBasis(symbols);
    const cached = new Cached({ owner: 'market', question: query, basis, tagged: basis }, () =>
      sortedPage<TickerBody>(
        symbols.flatMap((symbol) => market.ticker(symbol) ?? []),
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
