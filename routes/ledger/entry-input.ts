import { z } from 'zod';
import { GENESIS } from '../../lib/epoch.ts';
import { fixed } from '../../lib/money/money.ts';
import type { EntryDraft, StoredEntry, StoredTransfer } from '../../db/ledger/stored-entry.ts';
import { type FieldError } from '../../lib/problem.ts';
import * as field from '../http/fields.ts';
import { ADJUSTMENT_SUBTYPES, REWARD_SUBTYPES } from '../portfolios/entry-body.ts';
import { tagsInput } from './entry-tags.ts';
import { tradeErrors, tradeInput, toTradeInput, unratedDraft as unratedTrade } from './trade-draft.ts';

/** Sources of one conversion. */
const MAX_SOURCES = 100;

const place = field.text(100);

const details = {
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

const unitCost = field.nonNegativeAmount.optional().meta({
  description: 'Base currency per unit; the market price at the time when left out.',
});

const moved = {
  asset: field.asset.meta({ description: 'What is moved.' }),
  quantity: field.positiveAmount.meta({ description: 'Units of the asset.' }),
  unitCost,
};

const txid = field.text(200).optional().meta({
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
const shapes = {
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

function named<K extends EntryKind>(kind: K) {
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

/** What cannot be booked, and why. */
export function entryErrors(
  input: EntryInput,
  { now, baseCurrency }: { now: number; baseCurrency: string },
): FieldError[] {
  if (input.kind === 'trade') return tradeErrors(input, now);
  const errors: FieldError[] = [];
  if (field.isTooEarly(input)) errors.push({ pointer: '/time', detail: field.TOO_EARLY });
  if (field.isInFuture(input.time, now)) errors.push({ pointer: '/time', detail: 'is in the future' });
  if (input.kind === 'transfer') {
    if (input.account === input.toAccount) {
      errors.push({ pointer: '/toAccount', detail: 'must be another place than `account`' });
    }
    return errors;
  }
  const [asset, cost, at] =
    input.kind === 'convert' ? [input.to.asset, input.to.unitCost, '/to'] : [input.asset, input.unitCost, ''];
  if (cost !== undefined && asset === baseCurrency) {
    errors.push({ pointer: `${at}/unitCost`, detail: 'cannot be given for the base currency' });
  }
  if (input.kind === 'convert') errors.push(...sourceErrors(input));
  return errors;
}

function sourceErrors({ from, to }: Extract<EntryInput, { kind: 'convert' }>): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set([to.asset]);
  for (const [index, { asset, received }] of from.entries()) {
    if (seen.has(asset)) {
      errors.push({ pointer: `/from/${index}/asset`, detail: 'is in this conversion already' });
    }
    seen.add(asset);
    if ((received === undefined) !== (from[0]?.received === undefined)) {
      errors.push({ pointer: `/from/${index}/received`, detail: 'must be given of all sources or of none' });
    }
  }
  return errors;
}

/** A draft whose rates are still to be looked up. */
export function unratedEntry(input: EntryInput): EntryDraft {
  if (input.kind === 'trade') {
    const { kind: _, account, ...trade } = input;
    return { ...unratedTrade(trade), ...(account === undefined ? {} : { account }) };
  }
  const own = {
    time: input.time,
    exchange: input.exchange ?? '',
    externalId: input.externalId ?? null,
    orderId: null,
    note: input.note ?? null,
    tags: input.tags ?? [],
    ...(input.sequence === undefined ? {} : { sequence: input.sequence }),
    ...(input.account === undefined ? {} : { account: input.account }),
  };
  if (input.kind === 'transfer') {
    const { asset, quantity, toAccount } = input;
    const fee = input.fee === undefined || input.fee.amount === 0n ? null : input.fee;
    return { ...own, kind: 'transfer', asset, quantity, toAccount, fee, ...txidOf(input) };
  }
  if (input.kind === 'convert') {
    const { asset, quantity } = input.to;
    const given = input.to.unitCost ?? null;
    const sources = input.from.map((source) => ({
      asset: source.asset,
      quantity: source.quantity,
      received: source.received ?? null,
      unitValue: null,
    }));
    return { ...own, kind: 'convert', asset, quantity, unitCost: given, unitValue: given, sources };
  }
  const { asset, quantity } = input;
  const given = input.unitCost ?? null;
  const amounts = { asset, quantity, unitCost: given, unitValue: given };
  switch (input.kind) {
    case 'deposit':
    case 'withdrawal':
      return { ...own, kind: input.kind, ...amounts, ...txidOf(input) };
    case 'reward':
      return {
        ...own,
        kind: 'income',
        ...amounts,
        ...(input.subtype === undefined ? {} : { subtype: input.subtype }),
      };
    case 'adjustment':
      return { ...own, kind: 'adjustment', ...amounts, subtype: input.subtype, reason: input.reason };
    default:
      return { ...own, kind: input.kind, ...amounts };
  }
}

function txidOf({ txid: id }: { txid?: string | undefined }): { txid?: string } {
  return id === undefined ? {} : { txid: id };
}

/** A booked entry as it would have been sent. */
export function toEntryInput(entry: StoredEntry): EntryInput {
  if (entry.kind === 'trade') return { kind: 'trade', ...toTradeInput(entry), account: entry.account };
  const own = {
    externalId: entry.externalId ?? undefined,
    exchange: entry.exchange === '' ? undefined : entry.exchange,
    account: entry.account,
    time: entry.time,
    allowBefore2009: entry.time < GENESIS,
    note: entry.note ?? undefined,
    tags: entry.tags,
    sequence: entry.sequence,
  };
  switch (entry.kind) {
    case 'transfer': {
      const { asset, quantity, toAccount, txid: id } = entry;
      const account = entry.account ?? '';
      return {
        ...own,
        kind: 'transfer',
        account,
        asset,
        quantity,
        toAccount,
        fee: entry.fee ?? undefined,
        txid: id,
      };
    }
    case 'convert':
      return {
        ...own,
        kind: 'convert',
        from: entry.sources.map(({ asset, quantity, received }) => ({
          asset,
          quantity,
          received: received ?? undefined,
        })),
        to: { asset: entry.asset, quantity: entry.quantity, unitCost: entry.unitCost ?? undefined },
      };
    default:
      return { ...own, ...movementInput(entry) };
  }
}

function movementInput(entry: StoredTransfer) {
  const { asset, quantity } = entry;
  const amounts = { asset, quantity, unitCost: entry.unitCost ?? undefined };
  switch (entry.kind) {
    case 'deposit':
    case 'withdrawal':
      return { kind: entry.kind, ...amounts, txid: entry.txid };
    case 'income':
      return {
        kind: 'reward' as const,
        ...amounts,
        subtype: REWARD_SUBTYPES.find((name) => name === entry.subtype),
      };
    case 'adjustment':
      return {
        kind: 'adjustment' as const,
        ...amounts,
        subtype: ADJUSTMENT_SUBTYPES.find((name) => name === entry.subtype) ?? 'correction',
        reason: entry.reason ?? '',
      };
    default:
      return { kind: entry.kind, ...amounts };
  }
}

/** A booked entry with what was sent in place of what it had; `null` becomes what is left out when booking. */
export function changedEntry(before: EntryInput, change: EntryChange): EntryInput {
  const sent = Object.entries(change).filter(([name, value]) => value !== undefined && name !== 'confirmed');
  return { ...before, ...Object.fromEntries(sent.map(([name, value]) => [name, value ?? undefined])) };
}
