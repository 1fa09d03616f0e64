import { Problem } from '../../../lib/problem.ts';
import type { Database } from '../../connection/database.ts';
import { jsonPieces } from '../../connection/json-pieces.ts';
import { contentHash, isBookedAs } from './entry-identity.ts';
import { type EntryDraft, type StoredEntry } from './stored-entry.ts';
import { ENTRY_COLUMNS, ENTRY_RECORDSET, toEntry, toRow, type EntryRow } from './entry-row.ts';
import type { Turns } from '../../connection/in-turn.ts';

/** The key (exchange, external id) is booked with another content already, or twice in the batch. Nothing was booked. */
export class EntryConflictError extends Problem {
  /** In the batch. */
  readonly index: number;
  readonly externalId: string;
  /** `null` if the other one is in the same batch. */
  readonly existingId: string | null;

  constructor(index: number, externalId: string, existingId: string | null) {
    const other = existingId === null ? 'earlier in this batch' : `as entry ${existingId}`;
    super('trade-conflict', {
      detail: `The external id ${externalId} is already booked with other content, ${other}.`,
    });
    this.name = 'EntryConflictError';
    this.index = index;
    this.externalId = externalId;
    this.existingId = existingId;
  }
}

/** A draft of a batch that is to be booked, unless its key is taken. */
export interface Candidate {
  /** In the batch. */
  index: number;
  draft: EntryDraft;
  hash: string;
  entry: StoredEntry;
}

/** The first draft of each key, and for every draft the candidate that stands for it. @throws EntryConflictError */
export function candidatesOf(
  drafts: readonly EntryDraft[],
  entryOf: (draft: EntryDraft) => StoredEntry,
): { candidates: Candidate[]; chosen: Candidate[] } {
  const byKey = new Map<string, Candidate>();
  const candidates: Candidate[] = [];
  const chosen = drafts.map((draft, index) => {
    const { exchange, externalId } = draft;
    const hash = contentHash(draft);
    const key = externalId === null ? null : JSON.stringify([exchange, externalId]);
    const earlier = key === null ? undefined : byKey.get(key);
    if (earlier) {
      if (earlier.hash !== hash) throw new EntryConflictError(index, externalId ?? '', null);
      return earlier;
    }
    const candidate = { index, draft, hash, entry: entryOf(draft) };
    if (key !== null) byKey.set(key, candidate);
    candidates.push(candidate);
    return candidate;
  });
  return { candidates, chosen };
}

/**
 * Writes the entries whose keys are free: of a large batch the database writes one piece while the next is made. Resolves
 * when the last piece of it is made and waits for its turn.
 * @returns the ids of those that were written, complete once the turns are through
 */
export async function insertFree(
  trx: Database,
  candidates: readonly Candidate[],
  terms: { baseCurrency: string },
  turns: Turns,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  function* rows(): Generator<object, void, undefined> {
    for (const { entry, hash } of candidates) yield toRow(entry, hash, terms);
  }
  for await (const json of jsonPieces(rows())) void turns.run(() => insertRows(trx, json, ids));
  return ids;
}

async function insertRows(trx: Database, json: string, ids: Set<string>): Promise<void> {
  const { rows }: { rows: { id: string }[] } = await trx.raw(
    `insert into ledger_entries (${ENTRY_RECORDSET.columns})
     select ${ENTRY_RECORDSET.columns} from ${ENTRY_RECORDSET.source}
     on conflict (portfolio_id, exchange, external_id) where external_id is not null do nothing
     returning id`,
    [json],
  );
  for (const { id } of rows) ids.add(id);
}

const PROBES_AT_ONCE = 500;

/** What stands in the ledger under the keys of these. @throws EntryConflictError if it is something else */
export async function alreadyStored(
  trx: Database,
  portfolioId: string,
  candidates: readonly Candidate[],
): Promise<Map<Candidate, StoredEntry>> {
  const stored = new Map<Candidate, StoredEntry>();
  for (let start = 0; start < candidates.length; start += PROBES_AT_ONCE) {
    await addStored(trx, portfolioId, candidates.slice(start, start + PROBES_AT_ONCE), stored);
  }
  return stored;
}

async function addStored(
  trx: Database,
  portfolioId: string,
  candidates: readonly Candidate[],
  stored: Map<Candidate, StoredEntry>,
): Promise<void> {
  // One index probe a key, whatever the planner thinks of the table.
  const { rows }: { rows: (EntryRow & { content_hash: string; nth: number })[] } = await trx.raw(
    `select found.*, nth
     from unnest(?::text[], ?::text[]) with ordinality as key (exchange, external_id, nth)
     cross join lateral (
       select ${ENTRY_COLUMNS}, content_hash from ledger_entries e
       where portfolio_id = ? and e.exchange = key.exchange and e.external_id = key.external_id limit 1
     ) found
     order by nth`,
    [
      candidates.map(({ entry }) => entry.exchange),
      candidates.map(({ entry }) => entry.externalId ?? ''),
      portfolioId,
    ],
  );
  for (const row of rows) {
    const candidate = candidates[row.nth - 1];
    if (candidate === undefined) continue;
    const { content_hash: contentHash, sequence } = row;
    if (!isBookedAs(candidate.draft, candidate.hash, { contentHash, sequence })) {
      throw new EntryConflictError(candidate.index, row.external_id ?? '', row.id);
    }
    stored.set(candidate, toEntry(row));
  }
}
