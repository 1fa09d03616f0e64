import type { EntryDraft } from '../../db/ledger/entries/stored-entry.ts';
import type { RawEntry, RawSource, RawTransfer } from '../../lib/import/reading/format.ts';
import { schemaFault } from '../../lib/schema-fault.ts';
import { tagError } from '../ledger/entry-tags.ts';
import { tradeErrors, tradeInput, unratedDraft } from '../ledger/trade-draft.ts';
import { entryErrors, unratedEntry } from '../ledger/entry-draft.ts';
import { entryInput } from '../ledger/entry-input.ts';

/** Which field of an entry is invalid, and why. */
export interface EntryFault {
  path: readonly PropertyKey[];
  detail: string;
}

export interface EntryTerms {
  now: number;
  tagLimit: number;
  baseCurrency: string;
  allowBefore2009: boolean;
}

/** Converts a row to an entry as if it had been sent over REST, or reports what is wrong with it. */
export function draftOf(raw: RawEntry, terms: EntryTerms): { draft: EntryDraft } | { fault: EntryFault } {
  const { now, tagLimit, baseCurrency, allowBefore2009 } = terms;
  if (raw.kind === 'trade' && raw.account === undefined) {
    const { kind: _, account: __, ...fields } = raw;
    const parsed = tradeInput.safeParse({ ...fields, allowBefore2009 }, { error: schemaFault });
    if (!parsed.success) return { fault: faultOf(parsed.error.issues) };
    const [error] = tradeErrors(parsed.data, now);
    const fault = error ?? tagFault(parsed.data.tags, tagLimit);
    return fault === null ? { draft: unratedDraft(parsed.data) } : { fault: pointed(fault) };
  }
  const fields = raw.kind === 'trade' ? raw : fieldsOf(raw);
  const parsed = entryInput.safeParse({ ...fields, allowBefore2009 }, { error: schemaFault });
  if (!parsed.success) return { fault: faultOf(parsed.error.issues) };
  const [error] = entryErrors(parsed.data, { now, baseCurrency });
  const fault = error ?? tagFault(parsed.data.tags, tagLimit);
  return fault === null ? { draft: unratedEntry(parsed.data) } : { fault: pointed(fault) };
}

/** Fields that describe rows rather than entries. */
const OF_ROWS: ReadonlySet<string> = new Set(['rowId', 'joinedWith']);

/** The body of an entry other than a trade, with the fields of its kind and no others. */
function fieldsOf({ kind, asset, quantity, unitCost, from, ...rest }: RawTransfer): object {
  const said = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => value !== undefined && !OF_ROWS.has(name)),
  );
  const amounts = { asset, quantity, ...(unitCost === undefined ? {} : { unitCost }) };
  if (kind === 'withdrawal' && rest.fee?.currency === asset) {
    const { fee: _, ...others } = said;
    return { kind, ...others, ...amounts, networkFee: rest.fee.amount };
  }
  const [origin] = from ?? [];
  if (origin !== undefined && kind === 'rename') {
    // One for one: another ratio would be a redenomination.
    if (quantity !== origin.quantity)
      return { kind: 'redenomination', ...said, ...renamed(asset, quantity, origin) };
    return { kind, ...said, asset: origin.asset, toAsset: asset };
  }
  if (origin !== undefined && kind === 'redenomination') {
    return { kind, ...said, ...renamed(asset, quantity, origin) };
  }
  if (origin !== undefined && kind === 'fork') {
    return { kind, ...said, asset: origin.asset, toAsset: asset, quantity, costShare: origin.quantity };
  }
  if (kind === 'convert') return { kind, ...said, from, to: amounts };
  return { kind: kind === 'income' ? 'reward' : kind, ...said, ...amounts };
}

function renamed(asset: string, quantity: string, origin: RawSource): object {
  return { asset: origin.asset, toAsset: asset, ratio: { from: origin.quantity, to: quantity } };
}

function faultOf(issues: readonly { path: readonly PropertyKey[]; message: string }[]): EntryFault {
  const [issue] = issues;
  return { path: issue?.path ?? [], detail: issue?.message ?? 'is not usable' };
}

function tagFault(
  tags: readonly string[] | undefined,
  limit: number,
): { pointer: string; detail: string } | null {
  const detail = tagError(tags, limit);
  return detail === null ? null : { pointer: '/tags', detail };
}

function pointed({ pointer = '', detail }: { pointer?: string | undefined; detail: string }): EntryFault {
  return { path: pointer.split('/').slice(1), detail };
}
