import type { EntryDraft } from '../../db/ledger/stored-entry.ts';
import type { RawEntry, RawTransfer } from '../../lib/import/reading/format.ts';
import { schemaFault } from '../../lib/schema-fault.ts';
import { tagError } from './entry-tags.ts';
import { tradeErrors, tradeInput, unratedDraft } from './trade-draft.ts';
import { entryErrors, unratedEntry } from './entry-draft.ts';
import { entryInput } from './entry-input.ts';

/** What is wrong with an entry: the field it is in, and why. */
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

/** The entry of a row as it would have been sent over REST, or what is wrong with it. */
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

/** The body of an entry that is no trade, with the fields of its kind and no others. */
function fieldsOf({ kind, asset, quantity, unitCost, from, ...rest }: RawTransfer): object {
  const said = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const amounts = { asset, quantity, ...(unitCost === undefined ? {} : { unitCost }) };
  if (kind === 'convert') return { kind, ...said, from, to: amounts };
  return { kind: kind === 'income' ? 'reward' : kind, ...said, ...amounts };
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
