import type {
  EntryDraft,
  StoredEntry,
  StoredTransfer,
  TokenChangeDraft,
} from '../../db/ledger/entries/stored-entry.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { ONE, ZERO } from '../../lib/money/money.ts';
import { TOKEN_CHANGES, type TokenChange } from '../../lib/pnl/ledger/entry.ts';
import type { FieldError } from '../../lib/problem.ts';
import * as field from '../../lib/schemas/fields.ts';
import { ADJUSTMENT_SUBTYPES, REWARD_SUBTYPES } from '../portfolios/entry-body.ts';
import type { EntryInput } from './entry-input.ts';
import { toTradeInput, tradeErrors, unratedDraft as unratedTrade } from './trade-draft.ts';

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
  if (isChange(input)) return changeErrors(input, { baseCurrency, errors });
  const [asset, cost, at] =
    input.kind === 'convert' ? [input.to.asset, input.to.unitCost, '/to'] : [input.asset, input.unitCost, ''];
  if (cost !== undefined && asset === baseCurrency) {
    errors.push({ pointer: `${at}/unitCost`, detail: 'cannot be given for the base currency' });
  }
  if (input.kind === 'convert') errors.push(...sourceErrors(input));
  if (input.kind === 'withdrawal' && input.networkFee !== undefined && input.networkFee >= input.quantity) {
    errors.push({ pointer: '/networkFee', detail: 'must be less than `quantity`, of which it is a part' });
  }
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

type ChangeInput = Extract<EntryInput, { kind: TokenChange }>;

function isChange(input: EntryInput): input is ChangeInput {
  const kinds: readonly string[] = TOKEN_CHANGES;
  return kinds.includes(input.kind);
}

function changeErrors(
  input: ChangeInput,
  { baseCurrency, errors }: { baseCurrency: string; errors: FieldError[] },
): FieldError[] {
  const { asset, toAsset = asset } = input;
  const detail = 'cannot be the base currency, in which everything is counted';
  if (asset === baseCurrency) errors.push({ pointer: '/asset', detail });
  if (toAsset === baseCurrency && toAsset !== asset) errors.push({ pointer: '/toAsset', detail });
  if (input.kind !== 'redenomination' && toAsset === asset) {
    errors.push({ pointer: '/toAsset', detail: 'must be another asset than `asset`' });
  }
  return errors;
}

function changeDraft(
  input: ChangeInput,
): Pick<TokenChangeDraft, 'kind' | 'asset' | 'from' | 'quantity' | 'per'> {
  const { asset: from } = input;
  switch (input.kind) {
    case 'rename':
      return { kind: 'rename', asset: input.toAsset, from, quantity: ONE, per: ONE };
    case 'redenomination': {
      const { toAsset = from, ratio } = input;
      return { kind: 'redenomination', asset: toAsset, from, quantity: ratio.to, per: ratio.from };
    }
    default:
      return {
        kind: 'fork',
        asset: input.toAsset,
        from,
        quantity: input.quantity,
        per: input.costShare ?? ZERO,
      };
  }
}

/** A draft whose rates have yet to be looked up. */
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
  if (isChange(input)) return { ...own, ...changeDraft(input) };
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
      return { ...own, kind: 'deposit', ...amounts, ...txidOf(input) };
    case 'withdrawal':
      return {
        ...own,
        kind: 'withdrawal',
        ...amounts,
        ...txidOf(input),
        ...(input.networkFee === undefined ? {} : { networkFee: input.networkFee }),
        ...(input.confirmed === undefined ? {} : { confirmed: input.confirmed }),
      };
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
    case 'rename':
      return { ...own, kind: 'rename', asset: entry.from, toAsset: entry.asset };
    case 'redenomination': {
      const { from, asset: toAsset, per, quantity } = entry;
      return { ...own, kind: 'redenomination', asset: from, toAsset, ratio: { from: per, to: quantity } };
    }
    case 'fork': {
      const { from, asset: toAsset, quantity, per } = entry;
      return { ...own, kind: 'fork', asset: from, toAsset, quantity, costShare: per };
    }
    default:
      return { ...own, ...movementInput(entry) };
  }
}

function movementInput(entry: StoredTransfer) {
  const { asset, quantity } = entry;
  const amounts = { asset, quantity, unitCost: entry.unitCost ?? undefined };
  switch (entry.kind) {
    case 'deposit':
      return { kind: 'deposit' as const, ...amounts, txid: entry.txid };
    case 'withdrawal':
      return {
        kind: 'withdrawal' as const,
        ...amounts,
        txid: entry.txid,
        networkFee: entry.networkFee,
        confirmed: entry.confirmed,
      };
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
