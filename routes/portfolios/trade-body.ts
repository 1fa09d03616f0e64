import { z } from 'zod';
import { givenId } from '../../db/ledger/entries/entry-identity.ts';
import type { StoredTrade } from '../../db/ledger/entries/stored-entry.ts';
import { decimal } from '../../lib/money/money.ts';
import * as field from '../../lib/schemas/fields.ts';
import * as entry from './entry-fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

const fee = z
  .object({
    amount: field.decimal.describe('How much was paid, in units of `currency`.'),
    currency: field.asset.describe('The asset it was paid in.'),
  })
  .meta({ id: 'Fee', description: 'What the exchange charged for a trade.' });

export const tradeSchema = z
  .object({
    id: field.id.describe('Id of the trade.'),
    externalId: entry.externalId,
    exchange: entry.exchange,
    symbol: field.symbol.describe('What was traded: base and quote asset.'),
    side: z.enum(['buy', 'sell']).describe('Whether the base asset was bought or sold.'),
    quantity: field.decimal.describe('How much, in units of the base asset.'),
    price: field.decimal.describe('Quote asset per unit of the base asset.'),
    fee: z.union([fee, z.null()]).describe('`null`: none.'),
    time: entry.time,
    orderId: z
      .union([z.string(), z.null()])
      .describe('Id of the order it filled, as the exchange gave it; `null`: not given.'),
    type: z
      .union([z.string(), z.null()])
      .describe('Type of the order it filled, such as `limit`; `null`: not given.'),
    note: entry.note,
    tags: entry.tags,
    sequence: z
      .int()
      .optional()
      .describe('Place among the fills of the same instant, lower first; omitted if not known.'),
    rates: entryRates,
    createdAt: field.createdAt,
    updatedAt: field.updatedAt,
  })
  .meta({ id: 'Trade', description: 'A fill: an entry of the ledger that buys or sells.' });

export function tradeBody(trade: StoredTrade): z.input<typeof tradeSchema> {
  return {
    id: trade.id,
    externalId: givenId(trade.externalId),
    exchange: trade.exchange === '' ? null : trade.exchange,
    symbol: `${trade.base}/${trade.quote}`,
    side: trade.side,
    quantity: decimal(trade.quantity),
    price: decimal(trade.price),
    fee: trade.fee === null ? null : { amount: decimal(trade.fee.amount), currency: trade.fee.currency },
    time: field.isoTime(trade.time),
    orderId: trade.orderId,
    type: trade.orderType,
    note: trade.note,
    tags: trade.tags,
    ...(trade.sequence === undefined ? {} : { sequence: trade.sequence }),
    rates: ratesBody(trade),
    createdAt: field.isoTime(trade.createdAt),
    updatedAt: field.isoTime(trade.updatedAt),
  };
}
