import { z } from 'zod';
import type { ChannelTypeName } from '../../streams/channels/catalog.ts';
import { accountsStateSchema } from '../accounts/accounts-state.ts';
import { backfillSchema } from '../../lib/schemas/backfill-schema.ts';
import { candleSchema } from '../../lib/schemas/candle-schema.ts';
import * as field from '../../lib/schemas/fields.ts';
import { importProgressSchema } from '../../lib/schemas/import-progress-schema.ts';
import { tickerSchema } from '../../lib/schemas/ticker-schema.ts';
import { holdingSchema } from '../../lib/schemas/holding-schema.ts';
import { asOf, position } from '../../lib/schemas/figure-fields.ts';
import { pnlSchema } from '../../lib/schemas/pnl-schema.ts';
import { publicTradeSchema } from '../../lib/schemas/public-trade-schema.ts';
import { gapSchema } from '../../lib/schemas/gap-schema.ts';
import { eventOf } from './event-envelope.ts';
import { fillSchema, ledgerSchema } from './ledger-events.ts';

/** The channels and their events, for the documents and for tests. */

const holdingsSchema = z
  .object({
    portfolioId: field.portfolioId,
    asOf,
    position,
    items: z.array(holdingSchema).describe('Every asset held, by asset.'),
  })
  .meta({ id: 'Holdings', description: 'The holdings of a portfolio, marked to market.' });

export interface ChannelDocs {
  /** Name of its events. */
  event: string;
  data: z.ZodType;
  summary: string;
  description: string;
}

const ALL = '`*` instead of the symbol means all symbols.';

/** Every kind of channel, and what its events contain. */
export const CHANNELS: Record<ChannelTypeName, ChannelDocs> = {
  ticker: {
    event: 'ticker',
    data: tickerSchema,
    summary: 'Last price and 24-hour figures of a symbol',
    description: `State: an item of \`GET /v1/market/tickers\`, on connect and whenever it changes; and a \`gap\` when trades were missed for good. ${ALL}`,
  },
  trade: {
    event: 'trade',
    data: publicTradeSchema,
    summary: 'Public trades of a symbol',
    description: `Events: each trade once, in order of arrival, and a \`gap\` where trades were missed for good. ${ALL}`,
  },
  candle: {
    event: 'candle',
    data: candleSchema,
    summary: 'The current candle of a symbol',
    description: `State: the current candle; once with \`closed\` when it is final, and again if one of its trades arrives late. ${ALL}`,
  },
  backfill: {
    event: 'backfill',
    data: backfillSchema,
    summary: 'How far the fetching of past candles has got',
    description: `State: the latest job of a symbol, an item of \`GET /v1/market/backfills\`, after each page. For credentials with the scope \`admin\`: it tells what portfolios need. ${ALL}`,
  },
  pnl: {
    event: 'pnl',
    data: pnlSchema,
    summary: 'Equity and PnL of a portfolio',
    description: 'State: the body of `GET /v1/portfolios/{portfolioId}/pnl`, with the same digits.',
  },
  holdings: {
    event: 'holdings',
    data: holdingsSchema,
    summary: 'Holdings of a portfolio, marked to market',
    description: 'State: the items of `GET /v1/portfolios/{portfolioId}/holdings`, with the same digits.',
  },
  accounts: {
    event: 'accounts',
    data: accountsStateSchema,
    summary: 'Accounts at exchanges that fill a portfolio',
    description:
      'State: the items of `GET /v1/portfolios/{portfolioId}/accounts`, whenever one of them changes.',
  },
  fills: {
    event: 'fill',
    data: fillSchema,
    summary: 'Trades of a portfolio',
    description:
      'Events: each trade booked, changed or removed, once, in the order of the versions of the ledger. A file of more than 500 new trades is one event.',
  },
  ledger: {
    event: 'ledger',
    data: ledgerSchema,
    summary: 'Every change of a portfolio',
    description:
      'Events: each change of the ledger (entries of every kind) and of the settings of the portfolio, once, in the order of versions. A file of more than 500 new trades is one event.',
  },
  imports: {
    event: 'import',
    data: importProgressSchema,
    summary: 'How far the import of a file has got',
    description:
      'State: the latest import (`POST /v1/portfolios/{portfolioId}/trades/import`), at each phase and twice a second.',
  },
};

export const CHANNEL_EVENTS = {
  ticker: eventOf('ticker', CHANNELS.ticker.data, 'Ticker'),
  trade: eventOf('trade', CHANNELS.trade.data, 'Trade'),
  candle: eventOf('candle', CHANNELS.candle.data, 'Candle'),
  backfill: eventOf('backfill', CHANNELS.backfill.data, 'Backfill'),
  pnl: eventOf('pnl', CHANNELS.pnl.data, 'Pnl'),
  holdings: eventOf('holdings', CHANNELS.holdings.data, 'Holdings'),
  fills: eventOf('fill', CHANNELS.fills.data, 'Fill'),
  ledger: eventOf('ledger', CHANNELS.ledger.data, 'Ledger'),
  imports: eventOf('import', CHANNELS.imports.data, 'Import'),
  accounts: eventOf('accounts', CHANNELS.accounts.data, 'Accounts'),
} satisfies Record<ChannelTypeName, z.ZodType>;

/** In addition to their own events, on the ticker and trade channels of a symbol. */
export const GAP_EVENT = eventOf('gap', gapSchema, 'Gap');

/** All events of a type of channel. */
export function eventsOf(type: ChannelTypeName): z.ZodObject[] {
  const own = CHANNEL_EVENTS[type];
  return type === 'ticker' || type === 'trade' ? [own, GAP_EVENT] : [own];
}
