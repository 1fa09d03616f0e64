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
import { asOf, position } from '../portfolios/figure-fields.ts';
import { pnlSchema } from '../portfolios/pnl.ts';
import { eventOf } from './event-envelope.ts';
import { fillSchema, importId, ledgerSchema } from './ledger-events.ts';

/** The channels and their events, for the documents and for tests. */

export const publicTradeSchema = z
  .object({
    symbol: field.symbol.describe('Base and quote asset.'),
    tradeId: z
      .union([z.string(), z.null()])
      .describe("The exchange's id of the trade; `null`: none was given."),
    side: z.union([z.enum(['buy', 'sell']), z.null()]).describe('Side of the taker; `null`: not known.'),
    price: field.decimal.describe('Quote asset per unit of the base asset.'),
    quantity: field.decimal.describe('How much was traded, in units of the base asset.'),
    time: field.timestamp.describe('When it was traded, according to its source.'),
    exchange: z.union([z.string(), z.null()]).describe('Where it was traded; `null`: not known.'),
    simulated: z.boolean().describe('Whether it was made up by the simulator.'),
  })
  .meta({
    id: 'PublicTrade',
    description: 'A trade on a market.',
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
    portfolioId: field.portfolioId,
    asOf,
    position,
    items: z.array(holdingSchema).describe('Every asset held, by asset.'),
  })
  .meta({ id: 'Holdings', description: 'The holdings of a portfolio, marked to market.' });

export const importProgressSchema = z
  .object({
    portfolioId: field.portfolioId,
    importId,
    asOf: field.timestamp.describe(
      'When this was published. An import that publishes nothing for minutes has ended with its node, and nothing of it was booked.',
    ),
    dryRun: z.boolean().describe('Whether nothing is to be booked.'),
    phase: z
      .enum(['reading', 'comparing', 'booking', 'valuing', 'done', 'failed'])
      .describe('What the import is doing; `done` and `failed` are the last.'),
    bytes: z
      .object({
        read: z.int().describe('Bytes of the file read so far.'),
        total: z.union([z.int(), z.null()]).describe('Size of the file in bytes; `null`: not announced.'),
      })
      .describe('How much of the file has been read.'),
    rows: z.int().describe('Rows of the file read so far.'),
    rejected: z.int().describe('Rows that cannot be booked, so far.'),
    booked: z.int().describe('Trades booked so far, in the phase `booking`.'),
    toBook: z.int().describe('Trades to book, known from the phase `booking` on.'),
    result: z
      .union([
        z
          .object({
            booked: z.boolean().describe('Whether the accepted rows are now in the ledger.'),
            accepted: z.int().describe('Rows that are new trades.'),
            duplicates: z.int().describe('Rows that were booked before.'),
            rejected: z.int().describe('Rows that cannot be booked.'),
            ignored: z.int().describe('Rows that are not trades, such as deposits.'),
          })
          .meta({ id: 'ImportResult', description: 'What became of the rows of a file.' }),
        z.null(),
      ])
      .describe('What became of the rows; `null` until the phase is `done`.'),
    detail: z.union([z.string(), z.null()]).describe('Why it failed; `null` otherwise.'),
  })
  .meta({ id: 'ImportProgress', description: 'How far the import of a file has got.' });

export interface ChannelDocs {
  /** With the parameters in braces. */
  address: string;
  /** Name of its events. */
  event: string;
  data: z.ZodType;
  summary: string;
  description: string;
}

const ALL = '`*` instead of the symbol means all symbols.';

/** Every kind of channel, and what its events carry. */
export const CHANNELS: Record<ChannelTypeName, ChannelDocs> = {
  ticker: {
    address: 'ticker:{symbol}',
    event: 'ticker',
    data: tickerSchema satisfies z.ZodType<TickerBody>,
    summary: 'Last price and 24-hour figures of a symbol',
    description: `State: an item of \`GET /v1/market/tickers\`, on connect and whenever it changes. ${ALL}`,
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
    description: `State: the current candle; once with \`closed\` when it is final, and again if one of its trades arrives late. ${ALL}`,
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
      'Events: each change of the ledger (entries of every kind) and of the settings of the portfolio, once, in the order of versions. A file of more than 500 new trades is one event.',
  },
  imports: {
    address: 'imports:{portfolioId}',
    event: 'import',
    data: importProgressSchema satisfies z.ZodType<ImportProgressBody>,
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
