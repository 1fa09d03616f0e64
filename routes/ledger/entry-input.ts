import { z } from 'zod';
import { fixed, ONE } from '../../lib/money/money.ts';
import * as field from '../../lib/schemas/fields.ts';
import { ADJUSTMENT_SUBTYPES, REWARD_SUBTYPES } from '../portfolios/entry-body.ts';
import { tagsInput } from './entry-tags.ts';
import { tradeInput } from './trade-draft.ts';

/** The number of sources in one conversion. */
const MAX_SOURCES = 100;

const place = field.text(100);

/** Properties that most kinds have in common. */
export const details = {
  externalId: field
    .text(200)
    .optional()
    .meta({ description: "The source's own id: makes booking idempotent." }),
  exchange: field.exchange.optional().describe('Where it comes from, in small letters.'),
  account: place
    .optional()
    .meta({ description: 'The exchange account or wallet that holds the assets.', example: 'ledger-nano' }),
  time: field.instant,
  allowBefore2009: field.allowBefore2009,
  note: field.prose(1000).optional().meta({ description: 'Free text.' }),
  tags: tagsInput.optional(),
  sequence: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional().meta({
    description: 'Its place among the entries of the same instant; lower ones come first.',
  }),
};

export const unitCost = field.nonNegativeAmount.optional().meta({
  description: 'Base currency per unit; the market price of its time if omitted.',
});

const moved = {
  asset: field.asset.meta({ description: 'What is moved.' }),
  quantity: field.positiveAmount.meta({ description: 'Units of the asset.' }),
  unitCost,
};

export const txid = field.text(200).optional().meta({
  description: 'Id of the transaction on the chain, by which a withdrawal finds its deposit.',
});

export const networkFee = field.positiveAmount.optional().meta({
  description:
    'The part of `quantity` that the network or the exchange took: it leaves at cost, and does not arrive at a deposit.',
  example: '0.0005',
});

export const confirmed = z.boolean().optional().meta({
  description:
    'Confirms that it left the portfolio for good: it is not matched with deposits, and causes no warning.',
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
    description: 'Units of the asset; negative if some are missing.',
  });

const feeInput = z.strictObject({
  amount: field.nonNegativeAmount.meta({ description: 'Units of its currency.' }),
  currency: field.asset.meta({ description: 'What it is paid in.' }),
});

/** Every kind of entry without its `kind`. */
export const shapes = {
  trade: { ...tradeInput.shape, account: details.account },
  deposit: { ...details, ...moved, txid },
  withdrawal: { ...details, ...moved, txid, networkFee, confirmed },
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
      .meta({ description: '`opening`: what was held before the ledger begins.' }),
    reason: field.text(500).meta({ description: 'Why it was made.', example: 'Balance of 2026-01-01' }),
  },
  convert: {
    ...details,
    from: z
      .array(
        z.strictObject({
          asset: field.asset.meta({ description: 'What is given.' }),
          quantity: field.positiveAmount.meta({ description: 'Units of the asset.' }),
          received: field.positiveAmount.optional().meta({
            description: 'How much of `to` was received for it; give it for all sources or for none.',
          }),
        }),
      )
      .min(1)
      .max(MAX_SOURCES)
      .meta({ description: 'The assets given; several for a sweep of dust.' }),
    to: z
      .strictObject({
        asset: field.asset.meta({ description: 'What is received.' }),
        quantity: field.positiveAmount.meta({ description: 'Units of the asset.' }),
        unitCost,
      })
      .meta({ description: 'What is received.' }),
  },
  transfer: {
    ...details,
    account: place.meta({ description: 'The account or wallet that it comes from.', example: 'binance' }),
    asset: field.asset.meta({ description: 'What is moved.' }),
    quantity: field.positiveAmount.meta({ description: 'Units of the asset that arrive.' }),
    toAccount: place.meta({ description: 'The account or wallet where it arrives.', example: 'ledger-nano' }),
    fee: feeInput.optional().meta({ description: "The network's fee, which leaves at cost." }),
    txid,
  },
  rename: {
    ...details,
    asset: field.asset.meta({ description: 'Its name before.', example: 'LUNA' }),
    toAsset: field.asset.meta({ description: 'Its name afterwards.', example: 'LUNC' }),
  },
  redenomination: {
    ...details,
    asset: field.asset.meta({ description: 'The asset before the change.' }),
    toAsset: field.asset
      .optional()
      .meta({ description: 'The asset after the change; the same one if omitted.' }),
    ratio: z
      .strictObject({
        from: field.positiveAmount.meta({
          description: 'Units of `asset` that `to` stands for.',
          example: '1000',
        }),
        to: field.positiveAmount.meta({
          description: 'Units of `toAsset` that come for `from`.',
          example: '1',
        }),
      })
      .meta({ description: 'The exact ratio of old to new units.' }),
  },
  fork: {
    ...details,
    asset: field.asset.meta({
      description: 'The asset that is held, and still is afterwards.',
      example: 'BTC',
    }),
    toAsset: field.asset.meta({ description: 'The new asset.', example: 'BCH' }),
    quantity: field.positiveAmount.meta({ description: 'Units of `toAsset`.' }),
    costShare: field.nonNegativeAmount
      .refine((share) => share <= ONE, 'must be at most 1')
      .optional()
      .meta({
        description: 'The share of the cost that moves to it, as a fraction; none if omitted.',
        example: '0.05',
      }),
  },
};

export type EntryKind = keyof typeof shapes;
export const ENTRY_KINDS = Object.keys(shapes).filter((name): name is EntryKind => name in shapes);

export function named<K extends EntryKind>(kind: K) {
  return { kind: z.literal(kind).meta({ description: 'Which kind of entry it is.' }) };
}

/** Products that a ledger of holdings cannot represent: they are refused by name. */
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
      z.strictObject({ ...named('rename'), ...shapes.rename }),
      z.strictObject({ ...named('redenomination'), ...shapes.redenomination }),
      z.strictObject({ ...named('fork'), ...shapes.fork }),
    ],
    { error: kindRule },
  )
  .meta({ id: 'EntryInput', description: 'An entry to book; its `kind` says which fields it has.' });

export type EntryInput = z.output<typeof entryInput>;
