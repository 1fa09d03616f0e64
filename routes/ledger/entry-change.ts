import { z } from 'zod';
import { ADJUSTMENT_SUBTYPES } from '../portfolios/entry-body.ts';
import { details, type EntryInput, named, shapes, txid, unitCost } from './entry-input.ts';

const fixedKeys = { externalId: true, exchange: true } as const;

function orNull<T extends z.ZodType>(schema: z.ZodOptional<T>, description: string) {
  return z.union([schema.unwrap(), z.null()]).optional().describe(`${description}; \`null\` removes it.`);
}

/** What `null` takes away. */
const removable = {
  account: orNull(details.account, 'The exchange account or wallet where the assets lie'),
  note: orNull(details.note, 'Free text'),
  sequence: orNull(details.sequence, 'Place among the entries of the same instant, lower first'),
};
const removableCost = { unitCost: orNull(unitCost, 'Base currency per unit') };
const removableTxid = { txid: orNull(txid, 'Id of the transaction on the chain') };

function changeOf<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).partial();
}

/** A correction names the kind that the entry has; what is left out stays. */
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
        ...removable,
        ...removableCost,
        ...removableTxid,
        confirmed: z.boolean().optional().meta({
          description:
            'A person says that it has left for good: it is not looked for among deposits any more.',
        }),
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
        subtype: z.enum(ADJUSTMENT_SUBTYPES).optional().meta({ description: 'Which of the two.' }),
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
  ])
  .meta({ id: 'EntryChange', description: 'What to correct in an entry; the rest stays.' });

export type EntryChange = z.output<typeof entryChange>;

/** A booked entry with what was sent in place of what it had; `null` becomes what is left out when booking. */
export function changedEntry(before: EntryInput, change: EntryChange): EntryInput {
  const sent = Object.entries(change).filter(([name, value]) => value !== undefined && name !== 'confirmed');
  return { ...before, ...Object.fromEntries(sent.map(([name, value]) => [name, value ?? undefined])) };
}
