import { z } from 'zod';
import type { StoredTransfer } from '../../db/ledger/stored-entry.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import * as field from '../http/fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

export const TRANSFER_KINDS = ['deposit', 'withdrawal', 'income'] as const;

export const transferSchema = z
  .object({
    id: field.id,
    externalId: z.union([z.string(), z.null()]),
    exchange: z.union([z.string(), z.null()]),
    kind: z.enum(TRANSFER_KINDS),
    asset: field.asset,
    quantity: field.decimal,
    unitCost: field.decimalOrNull,
    time: field.timestamp,
    note: z.union([z.string(), z.null()]),
    tags: z.array(z.string()),
    rates: entryRates,
    createdAt: field.timestamp,
    updatedAt: field.timestamp,
  })
  .meta({ id: 'Transfer' });

export function transferBody(entry: StoredTransfer): z.input<typeof transferSchema> {
  return {
    id: entry.id,
    externalId: entry.externalId,
    exchange: entry.exchange === '' ? null : entry.exchange,
    kind: entry.kind,
    asset: entry.asset,
    quantity: decimal(entry.quantity),
    unitCost: decimalOrNull(entry.unitCost),
    time: field.isoTime(entry.time),
    note: entry.note,
    tags: entry.tags,
    rates: ratesBody(entry),
    createdAt: field.isoTime(entry.createdAt),
    updatedAt: field.isoTime(entry.updatedAt),
  };
}
