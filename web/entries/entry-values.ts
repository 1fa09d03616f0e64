import type { components } from 'marktide/client';
import type { Portfolio } from '../api.ts';
import { assetCode } from '../figures/asset-code.ts';
import { plainDecimal } from '../figures/decimal-input.ts';
import { toLocalTime } from '../figures/zoned-time.ts';
import { ADJUSTMENT_SUBTYPES, type Entry, type EntryKind, REWARD_SUBTYPES } from './entry-kinds.ts';

type Schemas = components['schemas'];

/** The contents of the form's fields, whatever the kind. */
export interface EntryValues {
  kind: EntryKind;
  asset: string;
  quantity: string;
  toAsset: string;
  /** For a redenomination: how many units of `asset` become `quantity` units of `toAsset`. */
  per: string;
  costShare: string;
  subtype: string;
  reason: string;
  unitCost: string;
  account: string;
  toAccount: string;
  feeAmount: string;
  feeCurrency: string;
  txid: string;
  isConfirmed: boolean;
  sources: readonly Source[];
  /** Local time in the portfolio's zone. */
  time: string;
  note: string;
}

export interface Source {
  asset: string;
  quantity: string;
  received: string;
}

export const NO_SOURCE: Source = { asset: '', quantity: '', received: '' };

export function newValues({ timeZone, baseCurrency }: Portfolio): EntryValues {
  return {
    kind: 'deposit',
    asset: baseCurrency,
    quantity: '',
    toAsset: '',
    per: '',
    costShare: '',
    subtype: '',
    reason: '',
    unitCost: '',
    account: '',
    toAccount: '',
    feeAmount: '',
    feeCurrency: '',
    txid: '',
    isConfirmed: false,
    sources: [NO_SOURCE],
    time: toLocalTime(Date.now(), timeZone),
    note: '',
  };
}

/** The values of a booked entry. */
export function valuesOf(entry: Entry, portfolio: Portfolio): EntryValues {
  const values: EntryValues = {
    ...newValues(portfolio),
    kind: entry.kind,
    account: entry.account ?? '',
    time: toLocalTime(entry.time, portfolio.timeZone),
    note: entry.note ?? '',
  };
  switch (entry.kind) {
    case 'convert': {
      const { asset, quantity, unitCost } = entry.to;
      const sources = entry.from.map((each) => ({ ...each, received: each.received ?? '' }));
      return { ...values, asset, quantity, unitCost: unitCost ?? '', sources };
    }
    case 'rename':
      return { ...values, asset: entry.asset, toAsset: entry.toAsset };
    case 'redenomination': {
      const { asset, toAsset, ratio } = entry;
      return { ...values, asset, toAsset, per: ratio.from, quantity: ratio.to };
    }
    case 'fork': {
      const { asset, toAsset, quantity, costShare } = entry;
      return { ...values, asset, toAsset, quantity, costShare };
    }
    case 'transfer': {
      const { asset, quantity, toAccount, fee, txid } = entry;
      const paid = { feeAmount: fee?.amount ?? '', feeCurrency: fee?.currency ?? '' };
      return { ...values, asset, quantity, toAccount, ...paid, txid: txid ?? '' };
    }
    default:
      return { ...values, ...movedValues(entry) };
  }
}

type Movement = Extract<Entry, { unitCost: string | null }>;

function movedValues(entry: Movement): Partial<EntryValues> {
  const { asset, quantity, unitCost } = entry;
  return {
    asset,
    quantity,
    unitCost: unitCost ?? '',
    ...('subtype' in entry ? { subtype: entry.subtype ?? '' } : {}),
    ...('reason' in entry ? { reason: entry.reason } : {}),
    ...('txid' in entry ? { txid: entry.txid ?? '' } : {}),
    ...(entry.kind === 'withdrawal'
      ? { feeAmount: entry.networkFee ?? '', isConfirmed: entry.confirmed }
      : {}),
  };
}

const orNull = (entered: string): string | null => (entered.trim() === '' ? null : entered.trim());
const decimalOrNull = (entered: string): string | null => orNull(plainDecimal(entered));

/** The request body of a change; `null` for fields left empty. */
export function enteredEntry(values: EntryValues, time: string, known: readonly string[]) {
  const code = (entered: string): string => assetCode(entered, known);
  const common = { time, note: orNull(values.note) };
  const account = orNull(values.account);
  const asset = code(values.asset);
  const quantity = plainDecimal(values.quantity);
  const unitCost = decimalOrNull(values.unitCost);
  const txid = orNull(values.txid);
  const feeAmount = decimalOrNull(values.feeAmount);
  const moved = { ...common, account, asset, quantity, unitCost };
  switch (values.kind) {
    case 'deposit':
      return { kind: 'deposit' as const, ...moved, txid };
    case 'withdrawal':
      return {
        kind: 'withdrawal' as const,
        ...moved,
        txid,
        networkFee: feeAmount,
        confirmed: values.isConfirmed,
      };
    case 'reward': {
      const subtype = REWARD_SUBTYPES.find((each) => each === values.subtype) ?? null;
      return { kind: 'reward' as const, ...moved, subtype };
    }
    case 'adjustment': {
      const subtype = ADJUSTMENT_SUBTYPES.find((each) => each === values.subtype) ?? 'correction';
      return { kind: 'adjustment' as const, ...moved, subtype, reason: values.reason.trim() };
    }
    case 'convert': {
      const from = values.sources.map((source) => ({
        asset: code(source.asset),
        quantity: plainDecimal(source.quantity),
        ...(source.received.trim() === '' ? {} : { received: plainDecimal(source.received) }),
      }));
      const to = { asset, quantity, ...(unitCost === null ? {} : { unitCost }) };
      return { kind: 'convert' as const, ...common, account, from, to };
    }
    case 'transfer': {
      const fee =
        feeAmount === null ? null : { amount: feeAmount, currency: code(values.feeCurrency) || asset };
      const places = { account: values.account.trim(), toAccount: values.toAccount.trim() };
      return { kind: 'transfer' as const, ...common, ...places, asset, quantity, fee, txid };
    }
    case 'rename':
      return { kind: 'rename' as const, ...common, account, asset, toAsset: code(values.toAsset) };
    case 'redenomination': {
      const toAsset = code(values.toAsset) || asset;
      const ratio = { from: plainDecimal(values.per), to: quantity };
      return { kind: 'redenomination' as const, ...common, account, asset, toAsset, ratio };
    }
    case 'fork': {
      const costShare = plainDecimal(values.costShare) || '0';
      return {
        kind: 'fork' as const,
        ...common,
        account,
        asset,
        toAsset: code(values.toAsset),
        quantity,
        costShare,
      };
    }
    default:
      return { kind: values.kind, ...moved };
  }
}

type Entered = ReturnType<typeof enteredEntry>;

/** A request body for a new entry: empty fields are omitted. */
export function toBook(entered: Entered, externalId: string): Schemas['EntryInput'] {
  const given = Object.entries({ ...entered, externalId }).filter(([, value]) => value !== null);
  return Object.fromEntries(given) as Schemas['EntryInput'];
}

/**
 * Only the differences, so that milliseconds, which the form does not show, are kept unless the time is
 * changed; `null` if there are none.
 */
export function changesOf(before: Entered, after: Entered): Schemas['EntryChange'] | null {
  const was = new Map<string, unknown>(Object.entries(before));
  const others = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(was.get(name)),
  );
  if (others.length === 0) return null;
  return { kind: after.kind, ...Object.fromEntries(others) } as Schemas['EntryChange'];
}
