import { z } from 'zod';
import type { StoredTrade } from '../../db/ledger/stored-entry.ts';
import { decimal } from '../../lib/money/money.ts';
import * as field from '../http/fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

const fee = z.object({ amount: field.decimal, currency: field.asset });

export const tradeSchema = z
  .object({
    id: field.id,
    externalId: z.union([z.string(), z.null()]),
    exchange: z.union([z.string(), z.null()]),
    symbol: field.symbol,
    side: z.enum(['buy', 'sell']),
    quantity: field.decimal,
    price: field.decimal,
    fee: z.union([fee, z.null()]),
    time: field.timestamp,
    orderId: z.union([z.string(), z.null()]),
    type: z.union([z.string(), z.null()]),
    note: z.union([z.string(), z.null()]),
    tags: z.array(z.string()),
    sequence: z.int().optional().meta({
      description: 'Its place among the fills of the same instant; left out when nothing tells it.',
    }),
    rates: entryRates,
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'Trade' });

export function tradeBody(entry: StoredTrade): z.input<typeof tradeSchema> {
  return {
    id: entry.id,
    externalId: entry.externalId,
    exchange: entry.exchange === '' ? null : entry.exchange,
    symbol: `${entry.base}/${entry.quote}`,
    side: entry.side,
    quantity: decimal(entry.quantity),
    price: decimal(entry.price),
    fee: entry.fee === null ? null : { amount: decimal(entry.fee.amount), currency: entry.fee.currency },
    time: field.isoTime(entry.time),
    orderId: entry.orderId,
    type: entry.orderType,
    note: entry.note,
    tags: entry.tags,
    ...(entry.sequence === undefined ? {} : { sequence: entry.sequence }),
    rates: ratesBody(entry),
    createdAt: field.isoTime(entry.createdAt),
    updatedAt: field.isoTime(entry.updatedAt),
  };
}
