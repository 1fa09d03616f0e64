import { z } from 'zod';
import { splitSymbol } from '../../lib/symbol.ts';
import { endpoint, Cached } from '../http/endpoint.ts';
import * as field from '../http/fields.ts';
import { type Sorting, sortedPage } from '../http/sorted-page.ts';

export const tickerSchema = z
  .object({
    symbol: field.symbol.describe('Base and quote asset.'),
    price: field.decimal.describe('Last price, quote per base.'),
    change: field.decimalOrNull.describe(
      '`price` − the price 24 hours earlier; `null` while no earlier price is known.',
    ),
    changeRate: field.decimalOrNull.describe(
      '`change` ÷ the price 24 hours earlier, as a fraction (`0.05` is 5 %); `null` as for `change`.',
    ),
    high: field.decimal.describe('Highest price of the last 24 hours, quote per base.'),
    low: field.decimal.describe('Lowest price of the last 24 hours, quote per base.'),
    volume: field.decimal.describe('Quantity traded in the last 24 hours, in units of the base asset.'),
    quoteVolume: field.decimal.describe('Value traded in the last 24 hours, in units of the quote asset.'),
    time: field.timestamp.describe('When the last price was made, according to its source.'),
    exchange: z
      .union([z.string(), z.null()])
      .describe('The exchange that the last price came from; `null`: not known.'),
    simulated: z.boolean().describe('Whether the last price was made up by the simulator.'),
  })
  .meta({ id: 'Ticker', description: 'Last price and 24-hour figures of a symbol.' });

const listedTicker = tickerSchema
  .extend({
    status: z
      .enum(['live', 'stale'])
      .describe(
        '`stale`: no price has come for 60 seconds or 20 times the usual interval of this symbol, whichever is longer, or the price is known from stored candles alone.',
      ),
  })
  .meta({ id: 'ListedTicker', description: 'A ticker, and whether its price is current.' });

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
  summary: 'Last price and 24-hour figures, as in the `ticker:` channels, and whether the price is current',
  description: 'A page begins after the last item of the previous one, wherever that is in the order by now.',
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
  response: field.listOf(listedTicker).meta({ id: 'TickerList', description: 'One page of tickers.' }),
  problems: ['invalid-request', 'invalid-cursor'],
  handler({ query }, { market }) {
    const { sort } = query;
    const symbols = (query.symbols ?? market.symbols()).filter((symbol) => isOf(symbol, query));
    const basis = market.tickersBasis(symbols);
    const cached = new Cached({ owner: 'market', question: query, basis, tagged: basis }, () =>
      sortedPage<z.output<typeof listedTicker>>(
        symbols.flatMap((symbol) => {
          const ticker = market.ticker(symbol);
          return ticker === null ? [] : [{ ...ticker, status: market.freshness(symbol) }];
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
