import { z } from 'zod';
import type { ChannelTypeName } from '../../streams/channels/catalog.ts';
import type {
  CandleBody,
  ImportProgressBody,
  PublicTradeBody,
  TickerBody,
} from '../../streams/channels/record.ts';
import { candleSchema } from '../market/candle-bodies.ts';
import * as field from '../http/fields.ts';
import { tickerSchema } from '../market/market-lists.ts';
import { holdingSchema } from '../portfolios/holdings.ts';
import { pnlSchema, position } from '../portfolios/pnl.ts';
import { eventOf } from './event-envelope.ts';
import { fillSchema, ledgerSchema } from './ledger-events.ts';

/** The channels and their events, for the documents and for whoever validates events. */

const publicTradeSchema = z
  .object({
    symbol: field.symbol,
    tradeId: z.union([z.string(), z.null()]).meta({ description: "The exchange's, if it gives one." }),
    side: z.union([z.enum(['buy', 'sell']), z.null()]).meta({ description: "The taker's." }),
    price: field.decimal,
    quantity: field.decimal,
    time: field.timestamp,
    exchange: z.union([z.string(), z.null()]),
    simulated: z.boolean(),
  })
  .meta({
    id: 'PublicTrade',
    example: {
      symbol: 'BTC/KRW',
      tradeId: '17726420000001',
      side: 'buy',
      price: '149886000',
      quantity: '0.0123',
      time: '2026-03-02T09:00:00.000Z',
      exchange: 'upbit',
      simulated: false,
    },
  });

const holdingsSchema = z
  .object({
    portfolioId: field.id,
    asOf: field.timestamp,
    position,
    items: z.array(holdingSchema),
  })
  .meta({ id: 'Holdings' });

const importSchema = z
  .object({
    portfolioId: field.id,
    importId: field.id.meta({ description: 'As the sender of the file named it, or as the answer says.' }),
    asOf: field.timestamp.meta({
      description:
        'An import that tells nothing for minutes has ended with its node: nothing of it was booked.',
    }),
    dryRun: z.boolean(),
    phase: z.enum(['reading', 'comparing', 'booking', 'valuing', 'done', 'failed']),
    bytes: z.object({ read: z.int(), total: z.union([z.int(), z.null()]) }),
    rows: z.int().meta({ description: 'Of the file, so far.' }),
    rejected: z.int(),
    booked: z.int(),
    toBook: z.int(),
    result: z.union([
      z.object({
        booked: z.boolean(),
        accepted: z.int(),
        duplicates: z.int(),
        rejected: z.int(),
        ignored: z.int(),
      }),
      z.null(),
    ]),
    detail: z.union([z.string(), z.null()]).meta({ description: 'Why it failed.' }),
  })
  .meta({ id: 'ImportProgress' });

export interface ChannelDocs {
  /** With its parameters in braces. */
  address: string;
  /** Name of its events. */
  event: string;
  data: z.ZodType;
  summary: string;
  description: string;
}

const ALL = '`*` in place of the symbol means all symbols.';

/** Every kind of channel, and what its events carry. */
export const CHANNELS: Record<ChannelTypeName, ChannelDocs> = {
  ticker: {
    address: 'ticker:{symbol}',
    event: 'ticker',
    data: tickerSchema satisfies z.ZodType<TickerBody>,
    summary: 'Last price and 24-hour figures of a symbol',
    description: `State: an item of \`GET /v1/market/tickers\`, whole, at once and when it changes. ${ALL}`,
  },
  trade: {
    address: 'trade:{symbol}',
    event: 'trade',
    data: publicTradeSchema satisfies z.ZodType<PublicTradeBody>,
    summary: 'Public trades of a symbol',
    description: `Events: each trade once, in order. ${ALL}`,
  },
  candle: {
    address: 'candle:{symbol}:{interval}',
    event: 'candle',
    data: candleSchema satisfies z.ZodType<CandleBody>,
    summary: 'The current candle of a symbol',
    description: `State: the candle that is going on; once with \`closed\` when it is final, and again if a trade of it comes late. ${ALL}`,
  },
  pnl: {
    address: 'pnl:{portfolioId}',
    event: 'pnl',
    data: pnlSchema,
    summary: 'Equity and PnL of a portfolio',
    description: 'State: the body of `GET /v1/portfolios/{portfolioId}/pnl`, with the same digits.',
  },
  holdings: {
    address: 'holdings:{portfolioId}',
    event: 'holdings',
    data: holdingsSchema,
    summary: 'Holdings of a portfolio, marked to market',
    description: 'State: the items of `GET /v1/portfolios/{portfolioId}/holdings`, with the same digits.',
  },
  fills: {
    address: 'fills:{portfolioId}',
    event: 'fill',
    data: fillSchema,
    summary: 'Trades of a portfolio',
    description:
      'Events: each trade booked, changed or removed, once, in the order of the versions of the ledger. A file of more than 500 new trades is one event.',
  },
  ledger: {
    address: 'ledger:{portfolioId}',
    event: 'ledger',
    data: ledgerSchema,
    summary: 'Every change of a portfolio',
    description:
      'Events: each change of the ledger (trades, deposits, withdrawals and income) and of the settings of the portfolio, once, in the order of versions. A file of more than 500 new trades is one event.',
  },
  imports: {
    address: 'imports:{portfolioId}',
    event: 'import',
    data: importSchema satisfies z.ZodType<ImportProgressBody>,
    summary: 'How far the import of a file has got',
    description:
      'State: the latest import (`POST /v1/portfolios/{portfolioId}/trades/import`), at each phase and twice a second.',
  },
};

export const CHANNEL_EVENTS = {
  ticker: eventOf('ticker', CHANNELS.ticker.data, 'Ticker'),
  trade: eventOf('trade', CHANNELS.trade.data, 'Trade'),
  candle: eventOf('candle', CHANNELS.candle.data, 'Candle'),
  pnl: eventOf('pnl', CHANNELS.pnl.data, 'Pnl'),
  holdings: eventOf('holdings', CHANNELS.holdings.data, 'Holdings'),
  fills: eventOf('fill', CHANNELS.fills.data, 'Fill'),
  ledger: eventOf('ledger', CHANNELS.ledger.data, 'Ledger'),
  imports: eventOf('import', CHANNELS.imports.data, 'Import'),
} satisfies Record<ChannelTypeName, z.ZodType>;
