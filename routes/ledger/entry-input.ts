import { z } from 'zod';
import { fixed } from '../../lib/money/money.ts';
import * as field from '../http/fields.ts';
import { ADJUSTMENT_SUBTYPES, REWARD_SUBTYPES } from '../portfolios/entry-body.ts';
import { tagsInput } from './entry-tags.ts';
import { tradeInput } from './trade-draft.ts';

/** Sources of one conversion. */
const MAX_SOURCES = 100;

const place = field.text(100);

/** What most kinds have in common. */
export const details = {
  externalId: field
    .text(200)
    .optional()
    .meta({ description: "The source's own id: makes booking idempotent." }),
  exchange: field.text(50).optional().meta({ description: 'Where it comes from.', example: 'binance' }),
  account: place
    .optional()
    .meta({ description: 'The exchange account or wallet where the assets lie.', example: 'ledger-nano' }),
  time: field.instant,
  allowBefore2009: field.allowBefore2009,
  note: field.prose(1000).optional().meta({ description: 'Whatever is worth noting.' }),
  tags: tagsInput.optional(),
  sequence: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'Its place among the entries of the same instant: a lower one came first.',
  }),
};

export const unitCost = field.nonNegativeAmount.optional().meta({
  description: 'Base currency per unit; the market price at the time when left out.',
});

const moved = {
  asset: field.asset.meta({ description: 'What is moved.' }),
  quantity: field.positiveAmount.meta({ description: 'Units of the asset.' }),
  unitCost,
};

export const txid = field.text(200).optional().meta({
  description: 'Of the transaction on the chain: by it a withdrawal finds its deposit.',
});

const signedAmount = z
  .string()
  .regex(/^-?\d{1,20}(\.\d{1,18})?$/, {
    error: `must be a plain decimal string with at most 20 digits before the point and 18 behind it`,
    abort: true,
  })
  .transform((text) => fixed(text))
  .refine((value) => value !== 0n, 'must not be zero')
  .meta({
    type: 'string',
    example: '-0.5',
    description: 'Units of the asset; negative for what is missing.',
  });

const feeInput = z.strictObject({
  amount: field.nonNegativeAmount.meta({ description: 'Units of its currency.' }),
  currency: field.asset.meta({ description: 'What it is paid in.' }),
});

/** Every kind of entry without its `kind`. */
export const shapes = {
  trade: { ...tradeInput.shape, account: details.account },
  deposit: { ...details, ...moved, txid },
  withdrawal: { ...details, ...moved, txid },
  reward: {
    ...details,
    ...moved,
    subtype: z.enum(REWARD_SUBTYPES).optional().meta({ description: 'What it is for.' }),
  },
  fee: { ...details, ...moved },
  rebate: { ...details, ...moved },
  adjustment: {
    ...details,
    asset: moved.asset,
    quantity: signedAmount,
    unitCost,
    subtype: z
      .enum(ADJUSTMENT_SUBTYPES)
      .default('correction')
      .meta({ description: '`opening`: what was there before the ledger begins.' }),
    reason: field.text(500).meta({ description: 'Why it is made.', example: 'Balance of 2026-01-01' }),
  },
  convert: {
    ...details,
    from: z
      .array(
        z.strictObject({
          asset: field.asset.meta({ description: 'What is given.' }),
          quantity: field.positiveAmount.meta({ description: 'Units of it.' }),
          received: field.positiveAmount.optional().meta({
            description: 'How much of `to` was got for it; of all sources or of none.',
          }),
        }),
      )
      .min(1)
      .max(MAX_SOURCES)
      .meta({ description: 'What is given: several for a sweep of dust.' }),
    to: z
      .strictObject({
        asset: field.asset.meta({ description: 'What is got.' }),
        quantity: field.positiveAmount.meta({ description: 'Units of it.' }),
        unitCost,
      })
      .meta({ description: 'What is got.' }),
  },
  transfer: {
    ...details,
    account: place.meta({ description: 'The account or wallet that it leaves.', example: 'binance' }),
    asset: field.asset.meta({ description: 'What is moved.' }),
    quantity: field.positiveAmount.meta({ description: 'Units of it that arrive.' }),
    toAccount: place.meta({ description: 'The account or wallet where it arrives.', example: 'ledger-nano' }),
    fee: feeInput.optional().meta({ description: "The network's fee, which leaves at cost." }),
    txid,
  },
};

export type EntryKind = keyof typeof shapes;
export const ENTRY_KINDS = Object.keys(shapes).filter((name): name is EntryKind => name in shapes);

export function named<K extends EntryKind>(kind: K) {
  return { kind: z.literal(kind).meta({ description: 'Which kind of entry it is.' }) };
}

/** Products that a ledger of holdings cannot keep: refused by name. */
const REFUSED = ['margin', 'futures', 'perpetual', 'option', 'funding', 'liquidation', 'borrow', 'loan'];

function kindRule({ input }: { input?: unknown }): string {
  const kind: unknown =
    typeof input === 'object' && input !== null && 'kind' in input ? input.kind : undefined;
  if (typeof kind === 'string' && REFUSED.includes(kind)) {
    return `is \`${kind}\`: margin and futures are not kept in this ledger. Book what they paid out or cost as a deposit, a reward or a fee.`;
  }
  return `must be one of ${ENTRY_KINDS.join(', ')}`;
}

export const entryInput = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ ...named('trade'), ...shapes.trade }),
      z.strictObject({ ...named('deposit'), ...shapes.deposit }),
      z.strictObject({ ...named('withdrawal'), ...shapes.withdrawal }),
      z.strictObject({ ...named('reward'), ...shapes.reward }),
      z.strictObject({ ...named('fee'), ...shapes.fee }),
      z.strictObject({ ...named('rebate'), ...shapes.rebate }),
      z.strictObject({ ...named('adjustment'), ...shapes.adjustment }),
      z.strictObject({ ...named('convert'), ...shapes.convert }),
      z.strictObject({ ...named('transfer'), ...shapes.transfer }),
    ],
    { error: kindRule },
  )
  .meta({ id: 'EntryInput', description: 'An entry to be booked; its `kind` says which fields it has.' });

export type EntryInput = z.output<typeof entryInput>;
