import { z } from 'zod';
import { givenId } from '../../db/ledger/entries/entry-identity.ts';
import { JOINED_BY, type StoredEntry, type StoredTransfer } from '../../db/ledger/entries/stored-entry.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import * as field from '../../lib/schemas/fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

/** The reason for a reward. */
export const REWARD_SUBTYPES = ['staking', 'interest', 'airdrop', 'mining', 'referral', 'cashback'] as const;
export const ADJUSTMENT_SUBTYPES = ['opening', 'correction'] as const;

const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  z.union([schema, z.null()]).meta({ description });

const common = {
  id: field.id.meta({ description: 'Id of the entry.' }),
  externalId: orNull(z.string(), "The source's own id; `null`: not given."),
  exchange: orNull(z.string(), 'Where it comes from; `null`: not given.'),
  account: orNull(z.string(), 'The exchange account or wallet that holds the assets; `null`: not given.'),
  time: field.timestamp.meta({ description: 'When it happened.' }),
  note: orNull(z.string(), 'Free text.'),
  tags: z.array(z.string()).meta({ description: 'Labels to filter by.' }),
  sequence: orNull(z.int(), 'Its place among the entries of the same instant; `null`: not known.'),
  rates: entryRates,
  createdAt: field.timestamp.meta({ description: 'When it was booked.' }),
  updatedAt: field.timestamp.meta({ description: 'When it was last changed.' }),
};

const fee = z.object({
  amount: field.decimal.meta({ description: 'Units of its currency.' }),
  currency: field.asset.meta({ description: 'What it was paid in.' }),
});

const moved = {
  asset: field.asset.meta({ description: 'What is moved.' }),
  quantity: field.decimal.meta({ description: 'Units of the asset.' }),
  unitCost: field.decimalOrNull.meta({
    description: 'Base currency per unit, as given; `null`: valued at the market price of its time.',
  }),
};

const flow = {
  ...moved,
  txid: orNull(z.string(), 'Id of the transaction on the chain.'),
  joinedWith: orNull(
    field.id,
    'The other half of an own transfer: the assets change place, and nothing is realised. What did not arrive is the fee, which leaves at cost.',
  ),
  joinedPortfolio: orNull(
    field.id,
    'The portfolio of the other half; `null` if it is this one, or if there is none.',
  ),
  joinedBy: orNull(
    z.enum(JOINED_BY),
    'What joined the two without being asked. `txid`: both name the same transaction, and nothing else was possible. `null`: a person or a file, or they are not joined.',
  ),
};

const ratio = z.object({
  from: field.decimal.meta({ description: 'Units of `asset` that `to` stands for.' }),
  to: field.decimal.meta({ description: 'Units of `toAsset` that came for `from`.' }),
});

export const entrySchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('trade').meta({ description: 'A fill.' }),
      ...common,
      symbol: field.symbol.meta({ description: 'What was traded.' }),
      side: z.enum(['buy', 'sell']).meta({ description: 'Whether the base asset was bought or sold.' }),
      quantity: field.decimal.meta({ description: 'Units of the base asset.' }),
      price: field.decimal.meta({ description: 'Quote asset per unit of the base asset.' }),
      fee: orNull(fee, 'What the exchange charged; `null`: nothing.'),
      orderId: orNull(z.string(), 'Id of the order that it filled.'),
      type: orNull(z.string(), 'Type of the order that it filled, such as `limit`.'),
    }),
    z.object({ kind: z.literal('deposit').meta({ description: 'What came in.' }), ...common, ...flow }),
    z.object({
      kind: z.literal('withdrawal').meta({ description: 'What went out.' }),
      ...common,
      ...flow,
      networkFee: field.decimalOrNull.meta({
        description: 'The part of `quantity` that the network or the exchange took; `null`: not given.',
      }),
      confirmed: z.boolean().meta({ description: 'Whether a person confirmed that it left the portfolio.' }),
    }),
    z.object({
      kind: z.literal('reward').meta({ description: 'What was earned; income at its value when received.' }),
      ...common,
      ...moved,
      subtype: orNull(z.enum(REWARD_SUBTYPES), 'What it is for; `null`: not given.'),
    }),
    z.object({
      kind: z.literal('fee').meta({ description: 'A fee that belongs to no other entry.' }),
      ...common,
      ...moved,
    }),
    z.object({ kind: z.literal('rebate').meta({ description: 'A refunded fee.' }), ...common, ...moved }),
    z.object({
      kind: z.literal('adjustment').meta({ description: 'An opening balance, or a correction.' }),
      ...common,
      ...moved,
      subtype: z
        .enum(ADJUSTMENT_SUBTYPES)
        .meta({ description: 'Whether it is an opening balance or a correction.' }),
      reason: z.string().meta({ description: 'Why it was made.' }),
    }),
    z.object({
      kind: z.literal('convert').meta({ description: 'One or more assets converted into one.' }),
      ...common,
      from: z
        .array(
          z.object({
            asset: field.asset.meta({ description: 'What was given.' }),
            quantity: field.decimal.meta({ description: 'Units of the asset.' }),
            received: field.decimalOrNull.meta({ description: 'How much of `to` was received for it.' }),
          }),
        )
        .meta({ description: 'What was given.' }),
      to: z
        .object({
          asset: field.asset.meta({ description: 'What was received.' }),
          quantity: field.decimal.meta({ description: 'Units of the asset.' }),
          unitCost: field.decimalOrNull.meta({
            description: 'Base currency per unit, as given; `null`: valued at the market price of its time.',
          }),
        })
        .meta({ description: 'What was received.' }),
    }),
    z.object({
      kind: z.literal('transfer').meta({ description: 'A move from one place of the portfolio to another.' }),
      ...common,
      asset: field.asset.meta({ description: 'What is moved.' }),
      quantity: field.decimal.meta({ description: 'Units of the asset that arrive.' }),
      toAccount: z.string().meta({ description: 'Where it goes; `account` is where it comes from.' }),
      fee: orNull(fee, "The network's fee, which leaves at cost; `null`: none."),
      txid: orNull(z.string(), 'Id of the transaction on the chain.'),
    }),
    z.object({
      kind: z.literal('rename').meta({ description: 'An asset continues under another name.' }),
      ...common,
      asset: field.asset.meta({ description: 'Its name before.' }),
      toAsset: field.asset.meta({ description: 'Its name afterwards.' }),
    }),
    z.object({
      kind: z.literal('redenomination').meta({ description: 'An asset is counted in other units.' }),
      ...common,
      asset: field.asset.meta({ description: 'The asset before the change.' }),
      toAsset: field.asset.meta({ description: 'The asset after the change; it may be the same.' }),
      ratio: ratio.meta({ id: 'Ratio', description: 'The ratio of old to new units.' }),
    }),
    z.object({
      kind: z.literal('fork').meta({ description: 'A new asset split off from one that was held.' }),
      ...common,
      asset: field.asset.meta({ description: 'The asset that was held, and still is.' }),
      toAsset: field.asset.meta({ description: 'The new asset.' }),
      quantity: field.decimal.meta({ description: 'Units of `toAsset`.' }),
      costShare: field.decimal.meta({ description: 'The share of the cost that moved to it, from 0 to 1.' }),
    }),
  ])
  .meta({ id: 'Entry', description: 'An entry of the ledger; its `kind` says which fields it has.' });

type EntryBody = z.input<typeof entrySchema>;

function commonBody(entry: StoredEntry) {
  return {
    id: entry.id,
    externalId: givenId(entry.externalId),
    exchange: entry.exchange === '' ? null : entry.exchange,
    account: entry.account ?? null,
    time: field.isoTime(entry.time),
    note: entry.note,
    tags: entry.tags,
    sequence: entry.sequence ?? null,
    rates: ratesBody(entry),
    createdAt: field.isoTime(entry.createdAt),
    updatedAt: field.isoTime(entry.updatedAt),
  };
}

function feeBody(paid: { amount: bigint; currency: string } | null): z.input<typeof fee> | null {
  return paid && { amount: decimal(paid.amount), currency: paid.currency };
}

export function entryBody(entry: StoredEntry): EntryBody {
  const own = commonBody(entry);
  switch (entry.kind) {
    case 'trade':
      return {
        kind: 'trade',
        ...own,
        symbol: `${entry.base}/${entry.quote}`,
        side: entry.side,
        quantity: decimal(entry.quantity),
        price: decimal(entry.price),
        fee: feeBody(entry.fee),
        orderId: entry.orderId,
        type: entry.orderType,
      };
    case 'convert':
      return {
        kind: 'convert',
        ...own,
        from: entry.sources.map(({ asset, quantity, received }) => ({
          asset,
          quantity: decimal(quantity),
          received: decimalOrNull(received),
        })),
        to: {
          asset: entry.asset,
          quantity: decimal(entry.quantity),
          unitCost: decimalOrNull(entry.unitCost),
        },
      };
    case 'transfer':
      return {
        kind: 'transfer',
        ...own,
        asset: entry.asset,
        quantity: decimal(entry.quantity),
        toAccount: entry.toAccount,
        fee: feeBody(entry.fee),
        txid: entry.txid ?? null,
      };
    case 'rename':
      return { kind: 'rename', ...own, asset: entry.from, toAsset: entry.asset };
    case 'redenomination':
      return {
        kind: 'redenomination',
        ...own,
        asset: entry.from,
        toAsset: entry.asset,
        ratio: { from: decimal(entry.per), to: decimal(entry.quantity) },
      };
    case 'fork':
      return {
        kind: 'fork',
        ...own,
        asset: entry.from,
        toAsset: entry.asset,
        quantity: decimal(entry.quantity),
        costShare: decimal(entry.per),
      };
    default:
      return movementBody(entry, own);
  }
}

function movementBody(entry: StoredTransfer, own: ReturnType<typeof commonBody>): EntryBody {
  const amounts = {
    asset: entry.asset,
    quantity: decimal(entry.quantity),
    unitCost: decimalOrNull(entry.unitCost),
  };
  const places = {
    txid: entry.txid ?? null,
    joinedWith: entry.joinedWith ?? null,
    joinedPortfolio: entry.joinedPortfolio ?? null,
    joinedBy: entry.joinedBy ?? null,
  };
  switch (entry.kind) {
    case 'deposit':
      return { kind: 'deposit', ...own, ...amounts, ...places };
    case 'withdrawal':
      return {
        kind: 'withdrawal',
        ...own,
        ...amounts,
        ...places,
        networkFee: decimalOrNull(entry.networkFee ?? null),
        confirmed: entry.confirmed === true,
      };
    case 'income':
      return {
        kind: 'reward',
        ...own,
        ...amounts,
        subtype: REWARD_SUBTYPES.find((name) => name === entry.subtype) ?? null,
      };
    case 'adjustment':
      return {
        kind: 'adjustment',
        ...own,
        ...amounts,
        subtype: ADJUSTMENT_SUBTYPES.find((name) => name === entry.subtype) ?? 'correction',
        reason: entry.reason ?? '',
      };
    default:
      return { kind: entry.kind, ...own, ...amounts };
  }
}
