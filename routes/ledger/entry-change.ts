import { z } from 'zod';
import { ADJUSTMENT_SUBTYPES } from '../portfolios/entry-body.ts';
import { details, type EntryInput, named, networkFee, shapes, txid, unitCost } from './entry-input.ts';

const fixedKeys = { externalId: true, exchange: true } as const;

function orNull<T extends z.ZodType>(schema: z.ZodOptional<T>, description: string) {
  return z.union([schema.unwrap(), z.null()]).optional().describe(`${description}; \`null\` removes it.`);
}

/** Properties that `null` removes. */
const removable = {
  account: orNull(details.account, 'The exchange account or wallet that holds the assets'),
  note: orNull(details.note, 'Free text'),
  sequence: orNull(details.sequence, 'Place among the entries of the same instant, lower first'),
};
const removableCost = { unitCost: orNull(unitCost, 'Base currency per unit') };
const removableTxid = { txid: orNull(txid, 'Id of the transaction on the chain') };

function changeOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).partial();
}

/** A change names the kind that the entry has; omitted properties stay as they are. */
export const entryChange = z
  .discriminatedUnion('kind', [
    changeOf(shapes.trade)
      .omit(fixedKeys)
      .extend({
        ...named('trade'),
        ...removable,
        fee: orNull(shapes.trade.fee, 'What the exchange charged'),
        orderId: orNull(shapes.trade.orderId, 'Id of the order it filled'),
        type: orNull(shapes.trade.type, 'Type of the order it filled'),
      }),
    changeOf(shapes.deposit)
      .omit(fixedKeys)
      .extend({ ...named('deposit'), ...removable, ...removableCost, ...removableTxid }),
    changeOf(shapes.withdrawal)
      .omit(fixedKeys)
      .extend({
        ...named('withdrawal'),
        networkFee: orNull(networkFee, 'The part of `quantity` that the network or the exchange took'),
        ...removable,
        ...removableCost,
        ...removableTxid,
      }),
    changeOf(shapes.reward)
      .omit(fixedKeys)
      .extend({
        ...named('reward'),
        ...removable,
        ...removableCost,
        subtype: orNull(shapes.reward.subtype, 'What it is for'),
      }),
    changeOf(shapes.fee)
      .omit(fixedKeys)
      .extend({ ...named('fee'), ...removable, ...removableCost }),
    changeOf(shapes.rebate)
      .omit(fixedKeys)
      .extend({ ...named('rebate'), ...removable, ...removableCost }),
    changeOf(shapes.adjustment)
      .omit(fixedKeys)
      .extend({
        ...named('adjustment'),
        ...removable,
        ...removableCost,
        subtype: z
          .enum(ADJUSTMENT_SUBTYPES)
          .optional()
          .meta({ description: 'Whether it is an opening balance or a correction.' }),
      }),
    changeOf(shapes.convert)
      .omit(fixedKeys)
      .extend({ ...named('convert'), ...removable }),
    changeOf(shapes.transfer)
      .omit(fixedKeys)
      .extend({
        ...named('transfer'),
        note: removable.note,
        sequence: removable.sequence,
        fee: orNull(shapes.transfer.fee, "The network's fee, which leaves at cost"),
        ...removableTxid,
      }),
    changeOf(shapes.rename)
      .omit(fixedKeys)
      .extend({ ...named('rename'), ...removable }),
    changeOf(shapes.redenomination)
      .omit(fixedKeys)
      .extend({ ...named('redenomination'), ...removable }),
    changeOf(shapes.fork)
      .omit(fixedKeys)
      .extend({ ...named('fork'), ...removable }),
  ])
  .meta({ id: 'EntryChange', description: 'What to correct in an entry; the rest stays.' });

export type EntryChange = z.output<typeof entryChange>;

/**
 * A booked entry with the sent properties replaced; those sent as `null` become those that are omitted when booking.
 */
export function changedEntry(before: EntryInput, change: EntryChange): EntryInput {
  const sent = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...before, ...Object.fromEntries(sent.map(([name, value]) => [name, value ?? undefined])) };
}
