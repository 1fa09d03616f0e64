import type { FileDraft } from '../../db/ledger/stored-entry.ts';
import type { RawEntry } from '../../lib/import/reading/format.ts';
import { schemaFault } from '../../lib/schema-fault.ts';
import { tagError } from './entry-tags.ts';
import { tradeErrors, tradeInput, unratedDraft } from './trade-draft.ts';
import { transferErrors, transferInput, unratedTransfer } from './transfer-draft.ts';

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
export function draftOf(raw: RawEntry, terms: EntryTerms): { draft: FileDraft } | { fault: EntryFault } {
  const { now, tagLimit, baseCurrency, allowBefore2009 } = terms;
  if (raw.kind === 'trade') {
    const { kind: _, ...fields } = raw;
    const parsed = tradeInput.safeParse({ ...fields, allowBefore2009 }, { error: schemaFault });
    if (!parsed.success) return { fault: faultOf(parsed.error.issues) };
    const [error] = tradeErrors(parsed.data, now);
    const fault = error ?? tagFault(parsed.data.tags, tagLimit);
    return fault === null ? { draft: unratedDraft(parsed.data) } : { fault: pointed(fault) };
  }
  const parsed = transferInput.safeParse({ ...raw, allowBefore2009 }, { error: schemaFault });
  if (!parsed.success) return { fault: faultOf(parsed.error.issues) };
  const [error] = transferErrors(parsed.data, now, baseCurrency);
  const fault = error ?? tagFault(parsed.data.tags, tagLimit);
  return fault === null ? { draft: unratedTransfer(parsed.data) } : { fault: pointed(fault) };
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
