import { z } from 'zod';
import type { Database } from '../../db/connection/database.ts';
import { rateNeeds, withRates } from '../../db/ledger/rates/entry-rates.ts';
import { type TransferDraft } from '../../db/ledger/entries/stored-entry.ts';
import { rateTable, type RateTerms } from '../../db/ledger/rates/rates.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { type FieldError, problem } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { tagsInput } from './entry-tags.ts';
import { type ShownTransfer, TRANSFER_KINDS } from '../portfolios/transfer-body.ts';
import { rated, type RateFinder } from './trade-draft.ts';

export const transferInput = z
  .strictObject({
    externalId: field
      .text(200)
      .optional()
      .describe(
        "The source's own id; with `exchange` it makes booking idempotent. Omitted: always a new transfer.",
      ),
    exchange: field.exchange.optional().describe('Where it happened; any name, in small letters.'),
    kind: z
      .enum(TRANSFER_KINDS)
      .describe('`deposit`: brought in. `withdrawal`: taken out. `income`: a reward, interest or airdrop.'),
    asset: field.asset.describe('What was moved: a coin, or the base currency.'),
    quantity: field.positiveAmount.describe('How much, in units of the asset; a decimal string.'),
    unitCost: field.nonNegativeAmount
      .optional()
      .describe(
        'Base currency per unit; the market price of its time if omitted. Not for the base currency itself.',
      ),
    time: field.instant.describe(`When it happened. ${field.INSTANT_FORM}`),
    allowBefore2009: field.allowBefore2009,
    note: field.prose(1000).optional().describe('Free text, with line breaks if you like.'),
    tags: tagsInput.optional(),
  })
  .meta({ id: 'TransferInput', description: 'A deposit, a withdrawal or income to book.' });

export type TransferInput = z.output<typeof transferInput>;

export async function toTransferDraft(input: TransferInput, rate: RateFinder): Promise<TransferDraft> {
  return await rated(unratedTransfer(input), rate);
}

/** Drafts of a batch, each with the rate at its own time, as if it had been sent alone. */
export async function toTransferDrafts(
  inputs: readonly TransferInput[],
  db: Database,
  terms: RateTerms,
): Promise<TransferDraft[]> {
  const drafts = inputs.map(unratedTransfer);
  const rate = await rateTable(db, terms, drafts.flatMap(rateNeeds));
  return drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
}

/** A draft whose rate has yet to be looked up, unless it was given. */
export function unratedTransfer(input: TransferInput): TransferDraft & Pick<TransferInput, 'kind'> {
  const unitCost = input.unitCost ?? null;
  return {
    kind: input.kind,
    time: input.time,
    asset: input.asset,
    quantity: input.quantity,
    unitCost,
    unitValue: unitCost,
    exchange: input.exchange ?? '',
    externalId: input.externalId ?? null,
    orderId: null,
    note: input.note ?? null,
    tags: input.tags ?? [],
  };
}

/** What cannot be booked about a transfer. */
export function transferErrors(input: TransferInput, now: number, baseCurrency: string): FieldError[] {
  return [
    ...(field.isInFuture(input.time, now) ? [{ pointer: '/time', detail: 'is in the future' }] : []),
    ...(field.isTooEarly(input) ? [{ pointer: '/time', detail: field.TOO_EARLY }] : []),
    ...(input.unitCost !== undefined && input.asset === baseCurrency
      ? [{ pointer: '/unitCost', detail: 'cannot be given for the base currency' }]
      : []),
  ];
}

/** @throws the 422 that names what cannot be booked */
export function checkTransfers(
  inputs: readonly TransferInput[],
  now: number,
  baseCurrency: string,
  inBatch: boolean,
): void {
  const errors = inputs.flatMap((input, index) =>
    transferErrors(input, now, baseCurrency).map(({ pointer, detail }) => ({
      pointer: inBatch ? `/items/${index}${pointer}` : `${pointer}`,
      detail,
    })),
  );
  if (errors.length > 0) {
    throw problem('unprocessable-entry', { errors: errors.slice(0, 20) });
  }
}

/** `null` removes an optional field. */
export const transferChange = transferInput
  .omit({ externalId: true, exchange: true, kind: true })
  .partial()
  .extend({
    unitCost: z
      .union([transferInput.shape.unitCost.unwrap(), z.null()])
      .optional()
      .describe('Base currency per unit; `null`: the market price of its time.'),
    note: z
      .union([transferInput.shape.note.unwrap(), z.null()])
      .optional()
      .describe('Free text; `null` removes it.'),
  })
  .meta({ id: 'TransferChange', description: 'What to correct in a transfer; the rest stays.' });

/**
 * A booked transfer with the sent properties replaced; those sent as `null` become those that are omitted when booking.
 */
export function changedInput(before: ShownTransfer, change: z.output<typeof transferChange>): TransferInput {
  const { asset, quantity, unitCost, time, note, tags } = change;
  return {
    externalId: before.externalId ?? undefined,
    exchange: before.exchange === '' ? undefined : before.exchange,
    kind: before.kind,
    asset: asset ?? before.asset,
    quantity: quantity ?? before.quantity,
    unitCost: (unitCost === undefined ? before.unitCost : unitCost) ?? undefined,
    time: time ?? before.time,
    // It was intended when it was booked.
    allowBefore2009: change.allowBefore2009 ?? before.time < GENESIS,
    note: (note === undefined ? before.note : note) ?? undefined,
    tags: tags ?? before.tags,
  };
}
