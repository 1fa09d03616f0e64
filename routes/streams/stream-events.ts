import { z } from 'zod';
import type { ChannelTypeName } from '../../streams/channels/catalog.ts';
import { END_REASONS } from '../../streams/core/sink.ts';
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
import { problemSchema } from '../http/problem-body.ts';
import { portfolioSettingsSchema } from '../portfolios/portfolio-body.ts';
import { tradeSchema } from '../portfolios/trade-body.ts';
import { transferSchema } from '../portfolios/transfer-body.ts';

/** What the events of the streams look like, for the documents and for who checks them. */

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

const version = z.int().meta({ description: 'Of the ledger, after the change.' });

const changed = {
  portfolioId: field.id,
  change: z.enum(['booked', 'changed', 'removed']).meta({ description: 'What has happened to it.' }),
  version,
};
const imported = {
  portfolioId: field.id,
  change: z.literal('imported'),
  version,
  importId: field.id.meta({ description: 'As the sender of the file named it, or as the answer says.' }),
  count: z.int().meta({ description: 'Trades booked.' }),
};
const MANY = 'A file with many new trades, which are not sent one by one.';
const AS_IT_IS = 'As it is now; as it was, if it was removed.';

const fillSchema = z
  .union([
    z.object({ ...changed, trade: tradeSchema.meta({ description: AS_IT_IS }) }),
    z.object(imported).meta({ description: MANY }),
  ])
  .meta({ id: 'Fill' });

const ledgerSchema = z
  .discriminatedUnion('subject', [
    z.object({
      subject: z.literal('trade'),
      ...changed,
      trade: tradeSchema.meta({ description: AS_IT_IS }),
    }),
    z.object({ subject: z.literal('import'), ...imported }).meta({ description: MANY }),
    z.object({
      subject: z.literal('transfer'),
      ...changed,
      transfer: transferSchema.meta({ description: AS_IT_IS }),
    }),
    z
      .object({
        subject: z.literal('portfolio'),
        ...changed,
        change: z.enum(['changed', 'deleted']).meta({
          description: '`deleted` is the last event: the stream ends, since there is nothing left to read.',
        }),
        portfolio: portfolioSettingsSchema.meta({
          description: 'Its settings as they are now; as they were, if it was deleted.',
        }),
      })
      .meta({ description: 'The settings of the portfolio were changed, or it was deleted.' }),
  ])
  .meta({ id: 'LedgerChange' });

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

/** The types that the streams are written with, and the schemas that are published, are the same. */
const bodies = {
  ticker: tickerSchema satisfies z.ZodType<TickerBody>,
  trade: publicTradeSchema satisfies z.ZodType<PublicTradeBody>,
  candle: candleSchema satisfies z.ZodType<CandleBody>,
  import: importSchema satisfies z.ZodType<ImportProgressBody>,
};

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
    data: bodies.ticker,
    summary: 'Last price and 24-hour figures of a symbol',
    description: `State: an item of \`GET /v1/market/tickers\`, whole, at once and when it changes. ${ALL}`,
  },
  trade: {
    address: 'trade:{symbol}',
    event: 'trade',
    data: bodies.trade,
    summary: 'Public trades of a symbol',
    description: `Events: each trade once, in order. ${ALL}`,
  },
  candle: {
    address: 'candle:{symbol}:{interval}',
    event: 'candle',
    data: bodies.candle,
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
    data: bodies.import,
    summary: 'How far the import of a file has got',
    description:
      'State: the latest import (`POST /v1/portfolios/{portfolioId}/trades/import`), at each phase and twice a second.',
  },
};

const names = z.array(z.string()).meta({ description: 'Names of channels.', example: ['ticker:BTC/KRW'] });
const ref = z.union([z.string(), z.int()]).optional().meta({ description: 'That of the message.' });

const ready = z
  .object({ channels: names })
  .meta({ id: 'Ready', description: 'These channels are in step: what follows is live.' });

const reset = z
  .object({
    reason: z.enum(['garbled', 'foreign', 'epoch', 'expired']).meta({
      description:
        '`garbled`: the id is not one of ours. `foreign`: it says nothing of the log of these channels, or is ahead of it. `epoch`: the log was begun anew. `expired`: the log does not reach so far back.',
    }),
    channels: names,
  })
  .meta({
    id: 'Reset',
    description:
      'What has happened on these channels since the id is not known. Their current state follows, then `ready`.',
  });

const notice = z
  .object({
    code: z.enum(['delayed', 'restored', ...END_REASONS]).meta({
      description:
        '`delayed`: what is shown may be out of date; `restored`: no longer. All others say why the stream ends; `rate-limited` and `unavailable` also why it did not begin, to a client that asks for an event stream alone, as an `EventSource` does: an error status would end it for good.',
    }),
    detail: z.string(),
    channels: names.optional(),
  })
  .meta({ id: 'Notice' });

const id = z.string().max(128).optional().meta({
  description: 'To resume after this event. Not every event has one: then the last one counts.',
  example: 'Zk3_.o5Kk3Jx_BnL',
});

/** One event as the transports write it: a line of NDJSON, a WebSocket message, or the fields of an SSE event. */
function eventOf<E extends string, D extends z.ZodType>(event: E, data: D, name: string) {
  return z.object({ event: z.literal(event), data, id }).meta({ id: `${name}Event` });
}

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

/** What a stream says of itself. */
export const CONTROL_EVENTS = {
  ready: eventOf('ready', ready, 'Ready'),
  reset: eventOf('reset', reset, 'Reset'),
  notice: eventOf('notice', notice, 'Notice'),
};

/** Where a comment or a field of SSE would do, other transports need a message. */
export const heartbeat = z
  .object({ event: z.literal('heartbeat'), id })
  .meta({ id: 'Heartbeat', description: 'Nothing has happened for a while; the id may have moved on.' });

/** What is said over a WebSocket only. */
export const SOCKET_EVENTS = {
  welcome: z
    .object({
      event: z.literal('welcome'),
      data: z.object({ id: field.id.meta({ description: 'Of the stream.' }), channels: names }),
    })
    .meta({ id: 'Welcome' }),
  subscribed: z
    .object({ event: z.literal('subscribed'), data: z.object({ channels: names, ref }) })
    .meta({ id: 'Subscribed', description: 'All the channels there are now.' }),
  unsubscribed: z
    .object({ event: z.literal('unsubscribed'), data: z.object({ channels: names, ref }) })
    .meta({ id: 'Unsubscribed', description: 'All the channels there are still.' }),
  pong: z.object({ event: z.literal('pong'), data: z.object({ ref }) }).meta({ id: 'Pong' }),
  error: z
    .object({ event: z.literal('error'), data: problemSchema.extend({ ref }).meta({ id: 'SocketProblem' }) })
    .meta({ id: 'SocketError', description: 'Why a message was refused.' }),
  retry: z
    .object({ event: z.literal('retry'), data: z.object({ ms: z.int() }) })
    .meta({ id: 'Retry', description: 'How long to wait before coming back.' }),
};

/** Any event of a stream over SSE. */
export const streamEvent = z
  .discriminatedUnion('event', [
    CHANNEL_EVENTS.ticker,
    CHANNEL_EVENTS.trade,
    CHANNEL_EVENTS.candle,
    CHANNEL_EVENTS.pnl,
    CHANNEL_EVENTS.holdings,
    CHANNEL_EVENTS.fills,
    CHANNEL_EVENTS.ledger,
    CHANNEL_EVENTS.imports,
    CONTROL_EVENTS.ready,
    CONTROL_EVENTS.reset,
    CONTROL_EVENTS.notice,
  ])
  .meta({ id: 'StreamEvent' });

/** Any line of a stream as NDJSON. */
export const streamLine = z
  .discriminatedUnion('event', [...streamEvent.options, heartbeat])
  .meta({ id: 'StreamLine' });
