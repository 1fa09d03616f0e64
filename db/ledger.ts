import type { Clock } from '../lib/clock.ts';
import { newId } from '../lib/id.ts';
import { Problem, problem } from '../lib/problem.ts';
import type { Database } from './database.ts';
import { getEntry } from './entries.ts';
import { contentHash, tieOf, type EntryDraft, type StoredEntry } from './entry.ts';
import { ENTRY_COLUMNS, ENTRY_RECORDSET, toEntry, toRow, type EntryRow } from './entry-row.ts';
import { errorCode } from './error-code.ts';
import { applyEntries } from './apply-entries.ts';
import { advance, lockPortfolio } from './portfolios.ts';
import type { PositionOptions } from './refold.ts';

/** Entries that one call of `bookEntries` takes at most. */
export const BATCH_LIMIT = 10_000;

/** The key (exchange, external id) is booked with another content already, or twice in the batch. Nothing was booked. */
export class EntryConflictError extends Problem {
  /** In the batch. */
  readonly index: number;
  readonly externalId: string;
  /** `null` if the other one is in the same batch. */
  readonly existingId: string | null;

  constructor(index: number, externalId: string, existingId: string | null) {
    const other = existingId === null ? 'earlier in this batch' : `as entry ${existingId}`;
    super('trade-conflict', { detail: `${externalId} is booked with another content ${other}` });
    this.name = 'EntryConflictError';
    this.index = index;
    this.externalId = externalId;
    this.existingId = existingId;
  }
}

export interface BookingOptions extends PositionOptions {
  clock: Clock;
}

export interface Outcome {
  /** `duplicate`: the very same had been booked before (or earlier in the batch); `entry` is that one. */
  status: 'booked' | 'duplicate';
  entry: StoredEntry;
}

/** A draft of the batch that is to be booked, unless its key is taken. */
interface Candidate {
  index: number;
  hash: string;
  entry: StoredEntry;
}

/**
 * Books entries into a portfolio's ledger and brings its positions up to them: all of them, or none. May be called
 * again with the same drafts, by anyone at the same time: a key is booked once.
 * @returns the ledger version after it, and an outcome for each draft in its place
 * @throws EntryConflictError; Problem `not-found`, or `unprocessable-entry` for amounts beyond NUMERIC(38,18);
 *   RangeError for more than `BATCH_LIMIT` drafts
 */
export async function bookEntries(
  db: Database,
  portfolioId: string,
  drafts: readonly EntryDraft[],
  options: BookingOptions,
): Promise<{ version: number; outcomes: Outcome[] }> {
  const { clock } = options;
  if (drafts.length > BATCH_LIMIT) throw new RangeError(`more than ${BATCH_LIMIT} entries at once`);
  return await writing(db, async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    // Drafts without a key are always booked, so the version passes the last of these numbers.
    let sequence = portfolio.version;
    const { candidates, chosen } = candidatesOf(drafts, (draft) => ({
      ...draft,
      id: newId(clock),
      tie: tieOf(draft, draft.externalId === null ? (sequence += 1) : 0),
      portfolioId,
      createdAt: clock.now(),
      updatedAt: clock.now(),
    }));
    const inserted = await insert(trx, candidates, portfolio);
    const stored = await alreadyStored(
      trx,
      portfolioId,
      candidates.filter(({ entry }) => !inserted.has(entry.id)),
    );
    const outcomes = chosen.map((candidate, index): Outcome => {
      const existing = stored.get(candidate);
      if (existing) return { status: 'duplicate', entry: existing };
      return { status: candidate.index === index ? 'booked' : 'duplicate', entry: candidate.entry };
    });
    if (inserted.size === 0) return { version: portfolio.version, outcomes };
    const added = candidates.flatMap(({ entry }) => (inserted.has(entry.id) ? [entry] : []));
    await applyEntries(trx, portfolioId, portfolio, { added, removed: [] }, options);
    return { version: await advance(trx, portfolioId, added.length, clock), outcomes };
  });
}

/** The first draft of each key, and for every draft the candidate that stands for it. */
function candidatesOf(
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
    const candidate = { index, hash, entry: entryOf(draft) };
    if (key !== null) byKey.set(key, candidate);
    candidates.push(candidate);
    return candidate;
  });
  return { candidates, chosen };
}

const CHUNK = 2_000;

/** @returns the ids of those whose key was free */
async function insert(
  trx: Database,
  candidates: readonly Candidate[],
  terms: { baseCurrency: string },
): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let start = 0; start < candidates.length; start += CHUNK) {
    const rows = candidates.slice(start, start + CHUNK).map(({ entry, hash }) => toRow(entry, hash, terms));
    const result: { rows: { id: string }[] } = await trx.raw(
      `insert into ledger_entries (${ENTRY_RECORDSET.columns})
       select ${ENTRY_RECORDSET.columns} from ${ENTRY_RECORDSET.source}
       on conflict (portfolio_id, exchange, external_id) where external_id is not null do nothing
       returning id`,
      [JSON.stringify(rows)],
    );
    for (const { id } of result.rows) ids.add(id);
  }
  return ids;
}

/** What stands in the ledger under the keys of these. @throws EntryConflictError if it is something else */
async function alreadyStored(
  trx: Database,
  portfolioId: string,
  candidates: readonly Candidate[],
): Promise<Map<Candidate, StoredEntry>> {
  const stored = new Map<Candidate, StoredEntry>();
  if (candidates.length === 0) return stored;
  const { rows }: { rows: (EntryRow & { content_hash: string; nth: number })[] } = await trx.raw(
    `select ${ENTRY_COLUMNS}, content_hash, nth
     from unnest(?::text[], ?::text[]) with ordinality as key (exchange, external_id, nth)
     join ledger_entries using (exchange, external_id)
     where portfolio_id = ? order by nth`,
    [
      candidates.map(({ entry }) => entry.exchange),
      candidates.map(({ entry }) => entry.externalId ?? ''),
      portfolioId,
    ],
  );
  for (const row of rows) {
    const candidate = candidates[row.nth - 1];
    if (candidate === undefined) continue;
    if (row.content_hash !== candidate.hash) {
      throw new EntryConflictError(candidate.index, row.external_id ?? '', row.id);
    }
    stored.set(candidate, toEntry(row));
  }
  return stored;
}

export interface Change {
  version: number;
  before: StoredEntry;
  entry: StoredEntry;
}

/**
 * Puts another content in the place of an entry and restates the positions it touches. Kind, exchange and external id
 * stay, and so does what counts as the same body under its key: a source that sends the original again is not refused.
 * @param change makes the new content from the present one, which nobody else changes meanwhile; queries in it must go
 *   through the transaction it is given
 * @returns `null` if there is no such entry
 * @throws Problem `not-found` for the portfolio, `unprocessable-entry`
 */
export async function changeEntry(
  db: Database,
  portfolioId: string,
  id: string,
  change: (before: StoredEntry, trx: Database) => EntryDraft | Promise<EntryDraft>,
  options: BookingOptions,
): Promise<Change | null> {
  const { clock } = options;
  return await writing(db, async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const before = await getEntry(trx, portfolioId, id);
    if (before === null) return null;
    const draft = await change(before, trx);
    if (draft.kind !== before.kind)
      throw problem('unprocessable-entry', { detail: 'the kind of an entry stays' });
    const entry: StoredEntry = {
      ...draft,
      id,
      portfolioId,
      exchange: before.exchange,
      externalId: before.externalId,
      tie: before.tie,
      createdAt: before.createdAt,
      updatedAt: clock.now(),
    };
    const { content_hash: _, ...columns } = toRow(entry, '', portfolio);
    await trx('ledger_entries').where({ id }).update(columns);
    await applyEntries(trx, portfolioId, portfolio, { added: [entry], removed: [before] }, options);
    return { version: await advance(trx, portfolioId, 1, clock), before, entry };
  });
}

/** Takes an entry out and restates the positions it touched. `null` if there is no such entry. */
export async function removeEntry(
  db: Database,
  portfolioId: string,
  id: string,
  options: BookingOptions,
): Promise<{ version: number; before: StoredEntry } | null> {
  const { clock } = options;
  return await writing(db, async (trx) => {
    const portfolio = await lockPortfolio(trx, portfolioId);
    const before = await getEntry(trx, portfolioId, id);
    if (before === null) return null;
    await trx('ledger_entries').where({ id }).delete();
    await applyEntries(trx, portfolioId, portfolio, { added: [], removed: [before] }, options);
    return { version: await advance(trx, portfolioId, 1, clock), before };
  });
}

/** SQLSTATE of values a column cannot hold: number or time out of range, text it cannot store. */
const UNPROCESSABLE = new Set(['22003', '22008', '22P05']);

async function writing<T>(db: Database, task: (trx: Database) => Promise<T>): Promise<T> {
  try {
    return await db.transaction(task);
  } catch (error) {
    if (!UNPROCESSABLE.has(errorCode(error) ?? '')) throw error;
    throw problem('unprocessable-entry', {
      detail: 'an amount, a time or a text is outside of what the ledger can hold',
      cause: error,
    });
  }
}
