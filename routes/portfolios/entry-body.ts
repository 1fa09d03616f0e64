import { z } from 'zod';
import type { StoredEntry, StoredTransfer } from '../../db/ledger/stored-entry.ts';
import { decimal, decimalOrNull } from '../../lib/money/money.ts';
import * as field from '../http/fields.ts';
import { entryRates, ratesBody } from './rate-body.ts';

/** What a reward is for. */
export const REWARD_SUBTYPES = ['staking', 'interest', 'airdrop', 'mining', 'referral', 'cashback'] as const;
export const ADJUSTMENT_SUBTYPES = ['opening', 'correction'] as const;

const orNull = <T extends z.ZodType>(schema: T, description: string) =>
  z.union([schema, z.null()]).meta({ description });

const common = {
  id: field.id.meta({ description: 'Of the entry.' }),
  externalId: orNull(z.string(), "The source's own id; `null` without one."),
  exchange: orNull(z.string(), 'Where it comes from; `null` if not told.'),
  account: orNull(z.string(), 'The exchange account or wallet where the assets lie; `null` if not told.'),
  time: field.timestamp.meta({ description: 'When it happened.' }),
  note: orNull(z.string(), 'What somebody has noted.'),
  tags: z.array(z.string()).meta({ description: 'What it is tagged with.' }),
  sequence: orNull(z.int(), 'Its place among the entries of the same instant; `null` when nothing tells it.'),
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
    description: 'Base currency per unit as it was given; `null`: the market price at its time.',
  }),
};

const flow = {
  ...moved,
  txid: orNull(z.string(), 'Of the transaction on the chain.'),
  joinedWith: orNull(
    field.id,
    'The other half of a transfer within the portfolio: its places change, and nothing is realised but the fee.',
  ),
};

export const entrySchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('trade').meta({ description: 'A fill.' }),
      ...common,
      symbol: field.symbol.meta({ description: 'What was traded.' }),
      side: z.enum(['buy', 'sell']).meta({ description: 'Of the base asset.' }),
      quantity: field.decimal.meta({ description: 'Units of the base asset.' }),
      price: field.decimal.meta({ description: 'Quote per base.' }),
      fee: orNull(fee, 'What the exchange took; `null` for nothing.'),
      orderId: orNull(z.string(), 'Of the order that it filled.'),
      type: orNull(z.string(), 'Kind of the order that it filled.'),
    }),
    z.object({ kind: z.literal('deposit').meta({ description: 'What came in.' }), ...common, ...flow }),
    z.object({
      kind: z.literal('withdrawal').meta({ description: 'What went out.' }),
      ...common,
      ...flow,
      confirmed: z.boolean().meta({ description: 'Whether a person says that it has left for good.' }),
    }),
    z.object({
      kind: z.literal('reward').meta({ description: 'What was earned; income at its value then.' }),
      ...common,
      ...moved,
      subtype: orNull(z.enum(REWARD_SUBTYPES), 'What it is for; `null` if not told.'),
    }),
    z.object({ kind: z.literal('fee').meta({ description: 'A fee of its own.' }), ...common, ...moved }),
    z.object({ kind: z.literal('rebate').meta({ description: 'A fee given back.' }), ...common, ...moved }),
    z.object({
      kind: z.literal('adjustment').meta({ description: 'An opening balance, or a correction.' }),
      ...common,
      ...moved,
      subtype: z.enum(ADJUSTMENT_SUBTYPES).meta({ description: 'Which of the two.' }),
      reason: z.string().meta({ description: 'Why it is made.' }),
    }),
    z.object({
      kind: z.literal('convert').meta({ description: 'One or more assets turned into one.' }),
      ...common,
      from: z
        .array(
          z.object({
            asset: field.asset.meta({ description: 'What was given.' }),
            quantity: field.decimal.meta({ description: 'Units of it.' }),
            received: field.decimalOrNull.meta({ description: 'How much of `to` was got for it.' }),
          }),
        )
        .meta({ description: 'What was given.' }),
      to: z
        .object({
          asset: field.asset.meta({ description: 'What was got.' }),
          quantity: field.decimal.meta({ description: 'Units of it.' }),
          unitCost: field.decimalOrNull.meta({
            description: 'Base currency per unit as it was given; `null`: the market price at its time.',
          }),
        })
        .meta({ description: 'What was got.' }),
    }),
    z.object({
      kind: z.literal('transfer').meta({ description: 'From one place of the portfolio to another.' }),
      ...common,
      asset: field.asset.meta({ description: 'What is moved.' }),
      quantity: field.decimal.meta({ description: 'Units of it that arrive.' }),
      toAccount: z.string().meta({ description: 'Where it arrives; `account` is where it leaves.' }),
      fee: orNull(fee, "The network's fee, which leaves at cost; `null` for none."),
      txid: orNull(z.string(), 'Of the transaction on the chain.'),
    }),
  ])
  .meta({ id: 'Entry', description: 'An entry of the ledger; its `kind` says which fields it has.' });

type EntryBody = z.input<typeof entrySchema>;

function commonBody(entry: StoredEntry) {
  return {
    id: entry.id,
    externalId: entry.externalId,
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
  const places = { txid: entry.txid ?? null, joinedWith: entry.joinedWith ?? null };
  switch (entry.kind) {
    case 'deposit':
      return { kind: 'deposit', ...own, ...amounts, ...places };
    case 'withdrawal':
      return { kind: 'withdrawal', ...own, ...amounts, ...places, confirmed: entry.confirmed === true };
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
