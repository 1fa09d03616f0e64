import { z } from 'zod';
import { givenId } from '../../db/ledger/entries/entry-identity.ts';
import type { StoredEntry, StoredTransfer } from '../../db/ledger/entries/stored-entry.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import * as field from '../../lib/schemas/fields.ts';
import * as entry from './entry-fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

/** The kinds of entry that are shown as transfers; `income` covers every kind of reward. */
export const TRANSFER_KINDS = ['deposit', 'withdrawal', 'income'] as const;

/** An entry that is shown as a transfer. */
export type ShownTransfer = StoredTransfer & { kind: (typeof TRANSFER_KINDS)[number] };

export function isShownTransfer(entry: StoredEntry): entry is ShownTransfer {
  const kinds: readonly string[] = TRANSFER_KINDS;
  return kinds.includes(entry.kind);
}

export const transferSchema = z
  .object({
    id: field.id.describe('Id of the transfer.'),
    externalId: entry.externalId,
    exchange: entry.exchange,
    kind: z
      .enum(TRANSFER_KINDS)
      .describe('`deposit`: brought in. `withdrawal`: taken out. `income`: a reward, interest or airdrop.'),
    asset: field.asset.describe('What was moved: a coin, or the base currency.'),
    quantity: field.decimal.describe('How much, in units of the asset; never negative.'),
    unitCost: field.decimalOrNull.describe(
      'Base currency per unit, as given; `null`: valued at the market price of its time.',
    ),
    time: entry.time,
    note: entry.note,
    tags: entry.tags,
    rates: entryRates,
    createdAt: field.createdAt,
    updatedAt: field.updatedAt,
  })
  .meta({ id: 'Transfer', description: 'A deposit, a withdrawal or income.' });

export function transferBody(transfer: ShownTransfer): z.input<typeof transferSchema> {
  return {
    id: transfer.id,
    externalId: givenId(transfer.externalId),
    exchange: transfer.exchange === '' ? null : transfer.exchange,
    kind: transfer.kind,
    asset: transfer.asset,
    quantity: decimal(transfer.quantity),
    unitCost: decimalOrNull(transfer.unitCost),
    time: field.isoTime(transfer.time),
    note: transfer.note,
    tags: transfer.tags,
    rates: ratesBody(transfer),
    createdAt: field.isoTime(transfer.createdAt),
    updatedAt: field.isoTime(transfer.updatedAt),
  };
}
