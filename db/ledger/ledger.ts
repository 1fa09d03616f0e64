import { newId } from '../../lib/id.ts';
import { problem } from '../../lib/problem.ts';
import type { BookingOptions, EntriesMove } from './positions/booking-options.ts';
import { applyEntries } from './positions/apply-entries.ts';
import { assertAssets } from './portfolios/asset-quota.ts';
import { alreadyStored, candidatesOf, insertFree, type Candidate } from './entries/candidates.ts';
import type { Database } from '../connection/database.ts';
import { getEntry } from './entries/entries.ts';
import { assetsOf, startsOf } from './entries/entry-assets.ts';
import { tieOf } from './entries/entry-identity.ts';
import {
  entryOf,
  isMovement,
  isTokenChange,
  sequenceOf,
  type EntryDraft,
  type StoredEntry,
} from './entries/stored-entry.ts';
import { toRow } from './entries/entry-row.ts';
import { follow, type Followed, messagesOf, movesOf } from './links/following.ts';
import { applyRestated, partOther } from './links/joins.ts';
import { errorCode } from '../connection/error-code.ts';
import { inTurn } from '../connection/in-turn.ts';
import { ledgerOf, lockingLedgers, lockLedgers } from './portfolios/linked-ledgers.ts';
import { valueBooked } from './late-rates.ts';
import type { OutboxMessage } from './portfolios/outbox.ts';
import { advance, type Portfolio } from './portfolios/portfolios.ts';
import { loadHeads } from './positions/states.ts';
import { countTags } from './portfolios/tags.ts';

/** Entries that one call of `bookEntries` takes at most. */
export const BATCH_LIMIT = 10_000;

export interface Outcome {
  /** `duplicate`: the very same had been booked before (or earlier in the batch); `entry` is that one. */
  status: 'booked' | 'duplicate';
  entry: StoredEntry;
}

/**
 * Books entries into a portfolio's ledger and brings its positions up to them: all of them, or none. May be called
 * again with the same drafts, by anyone at the same time: a key is booked once.
 * @returns the ledger version after it, and an outcome for each draft in its place
 * @throws `EntryConflictError`; Problem `not-found`, `quota-exceeded`, or `unprocessable-entry` for amounts beyond
 *   NUMERIC(38,18);
 *   RangeError for more than `BATCH_LIMIT` drafts
 */
export async function bookEntries(
  db: Database,
  portfolioId: string,
  drafts: readonly EntryDraft[],
  options: BookingOptions,
): Promise<Followed & { version: number; outcomes: Outcome[] }> {
  const { clock } = options;
  if (drafts.length > BATCH_LIMIT) throw new RangeError(`more than ${BATCH_LIMIT} entries at once`);
  return await writing(db, async (trx) => {
    const ledgers = await lockLedgers(trx, [portfolioId]);
    const portfolio = ledgerOf(ledgers, portfolioId);
    // Drafts without a key are always booked, so the version passes the last of these numbers.
    let arrival = portfolio.version;
    const now = clock.now();
    const booking = { portfolioId, createdAt: now, updatedAt: now };
    const { candidates, chosen } = candidatesOf(drafts, (draft) => {
      if (draft.externalId === null) arrival += 1;
      const tie = tieOf(draft, arrival);
      return entryOf(draft, { ...booking, id: newId(clock), tie });
    });
    const inserted = await bookAll(trx, portfolio, candidates, options);
    const taken = candidates.filter(({ entry }) => !inserted.has(entry.id));
    const stored = await alreadyStored(trx, portfolioId, taken);
    const outcomes = chosen.map((candidate, index): Outcome => {
      const existing = stored.get(candidate);
      if (existing) return { status: 'duplicate', entry: existing };
      return { status: candidate.index === index ? 'booked' : 'duplicate', entry: candidate.entry };
    });
    if (inserted.size === 0) return { version: portfolio.version, outcomes, message: null, following: [] };
    const fresh = candidates.filter(({ entry }) => inserted.has(entry.id));
    for (const { entry, index } of fresh) options.admit?.(entry, index);
    await options.inspect?.(trx, fresh);
    const booked = outcomes.filter(({ status }) => status === 'booked');
    const entries = booked.map(({ entry }) => entry);
    await countTags(trx, portfolioId, { added: entries }, options.tagLimit);
    const starts = startsOf(entries);
    const relinked = entries.some(isTokenChange);
    const following = await follow(trx, ledgers, { origins: [portfolio], starts, relinked }, options);
    const move = { change: 'booked', entries } as const;
    const committed = await commit(trx, portfolio, move, inserted.size, options);
    const valued =
      options.valuesAtOnce === true ? await valueBooked(trx, portfolioId, entries, options) : null;
    if (valued === null) return { ...committed, outcomes, following };
    const byId = new Map(valued.entries.map((entry) => [entry.id, entry]));
    return {
      ...committed,
      version: valued.version,
      outcomes: outcomes.map(({ status, entry }) => ({ status, entry: byId.get(entry.id) ?? entry })),
      following: [...following, ...messagesOf(valued)],
    };
  });
}

/** Some keys are taken. */
class KeysTakenError extends Error {}

/**
 * Writes the candidates whose keys are free and brings the positions up to them. Nearly always all of them are, and what
 * becomes of the positions is worked out while the database is still writing.
 * @returns the ids of what was written
 */
async function bookAll(
  trx: Database,
  portfolio: Portfolio,
  candidates: readonly Candidate[],
  options: BookingOptions,
): Promise<ReadonlySet<string>> {
  const { id } = portfolio;
  const all = candidates.map(({ entry }) => entry);
  const assets = assetsOf(all);
  const heads = await loadHeads(trx, id, portfolio.costMethod, assets);
  const fresh = assets.filter((asset) => !heads.heads.has(asset) && !heads.outdated.has(asset));
  if (fresh.length > 0) await assertAssets(trx, id, fresh, options.assetLimit);
  const turns = inTurn();
  const inserted = await insertFree(trx, candidates, portfolio, turns);
  void turns.run(async () => {
    // What waits behind it is not run then.
    if (inserted.size < candidates.length) throw new KeysTakenError();
  });
  try {
    await applyEntries(trx, id, portfolio, { added: all, removed: [] }, { ...options, heads, turns });
  } catch (error) {
    if (!(error instanceof KeysTakenError)) throw error;
    const added = all.filter((entry) => inserted.has(entry.id));
    if (added.length > 0) {
      await applyEntries(trx, id, portfolio, { added, removed: [] }, { ...options, heads });
    }
  }
  return inserted;
}

export interface Change extends Followed {
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
 * @throws Problem `not-found` for the portfolio, `quota-exceeded`, `unprocessable-entry`
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
    const ledgers = await lockLedgers(trx, [portfolioId]);
    const portfolio = ledgerOf(ledgers, portfolioId);
    const before = await getEntry(trx, portfolioId, id);
    if (before === null) return null;
    const draft = await change(before, trx);
    if (draft.kind !== before.kind)
      throw problem('unprocessable-entry', {
        detail: 'The kind of an entry cannot be changed. Remove the entry and book another one.',
      });
    const { exchange, externalId } = before;
    const entry: StoredEntry = {
      ...withStanding(before, draft),
      id,
      portfolioId,
      exchange,
      externalId,
      tie: isMoved(before, draft)
        ? tieOf({ ...draft, exchange, externalId }, portfolio.version + 1)
        : before.tie,
      createdAt: before.createdAt,
      updatedAt: clock.now(),
    };
    await assertAssets(trx, portfolioId, assetsOf([entry]), options.assetLimit);
    const { content_hash: _, sources, carried, ...columns } = toRow(entry, '', portfolio);
    // The driver would write a list as an array of SQL.
    const json = { sources: jsonOrNull(sources), carried: jsonOrNull(carried) };
    await trx('ledger_entries')
      .where({ id })
      .update({ ...columns, ...json });
    await applyEntries(trx, portfolioId, portfolio, { added: [entry], removed: [before] }, options);
    await countTags(trx, portfolioId, { added: [entry], removed: [before] }, options.tagLimit);
    const starts = startsOf([before, entry]);
    const following = await follow(trx, ledgers, { origins: [portfolio], starts }, options);
    const move = { change: 'changed', entries: [entry] } as const;
    return { ...(await commit(trx, portfolio, move, 1, options)), before, entry, following };
  });
}

/**
 * A movement stays joined, and confirmed unless it is said, when it is changed.
 * @throws Problem `unprocessable-entry` for a change of what it was joined by
 */
function withStanding(before: StoredEntry, draft: EntryDraft): EntryDraft {
  if (!isMovement(before) || !isMovement(draft)) return draft;
  const { joined, joinedWith, joinedPortfolio, elsewhere, carried, joinedBy, confirmed } = before;
  const kept = { ...draft, ...(draft.confirmed === undefined && confirmed === true ? { confirmed } : {}) };
  if (joinedWith === undefined) return kept;
  const isSame =
    before.asset === draft.asset &&
    before.quantity === draft.quantity &&
    before.networkFee === draft.networkFee &&
    before.time === draft.time;
  if (!isSame) {
    throw problem('unprocessable-entry', {
      detail: `The entry is joined with ${joinedWith}. Part them before its asset, quantity, fee or time is changed.`,
    });
  }
  return { ...kept, joined, joinedWith, joinedPortfolio, joinedBy, elsewhere, carried };
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** Whether an entry takes another place among those of its instant. */
function isMoved(before: StoredEntry, after: EntryDraft): boolean {
  if (sequenceOf(before) !== sequenceOf(after)) return true;
  if (before.kind === 'trade' && after.kind === 'trade') return before.side !== after.side;
  return before.kind === 'adjustment' && before.quantity < 0n !== after.quantity < 0n;
}

/** Takes an entry out and restates the positions it touched. `null` if there is no such entry. */
export async function removeEntry(
  db: Database,
  portfolioId: string,
  id: string,
  options: BookingOptions,
): Promise<Omit<Change, 'entry'> | null> {
  return await writing(db, async (trx) => {
    const ledgers = await lockLedgers(trx, [portfolioId]);
    const portfolio = ledgerOf(ledgers, portfolioId);
    const before = await getEntry(trx, portfolioId, id);
    if (before === null) return null;
    const parted = await partOther(trx, before);
    await trx('ledger_entries').where({ id }).delete();
    const here = parted.filter(({ after }) => after.portfolioId === portfolioId);
    const elsewhere = parted.filter(({ after }) => after.portfolioId !== portfolioId);
    const moves = movesOf(here);
    await applyEntries(
      trx,
      portfolioId,
      portfolio,
      { ...moves, removed: [before, ...moves.removed] },
      options,
    );
    await countTags(trx, portfolioId, { removed: [before] });
    const starts = startsOf([before, ...parted.map(({ after }) => after)]);
    const told = await applyRestated(trx, ledgers, elsewhere, options);
    const origins = [portfolio, ...elsewhere.map(({ after }) => ledgerOf(ledgers, after.portfolioId))];
    const relinked = elsewhere.length > 0 || isTokenChange(before);
    const following = await follow(trx, ledgers, { origins, starts, relinked }, options);
    const move = { change: 'removed', entries: [before] } as const;
    return {
      ...(await commit(trx, portfolio, move, 1, options)),
      before,
      following: [...told, ...following],
    };
  });
}

/** The last statement of a change: its version, and what is to be published about it. */
async function commit(
  trx: Database,
  portfolio: Portfolio,
  move: Pick<EntriesMove, 'change' | 'entries'>,
  by: number,
  { clock, records }: BookingOptions,
): Promise<{ version: number; message: OutboxMessage | null }> {
  const texts = records?.({ ...move, subject: 'entries', version: portfolio.version + by });
  return await advance(trx, portfolio, by, { now: clock.now(), records: texts });
}

/** SQLSTATE of values a column cannot hold: number or time out of range, text it cannot store. */
const UNPROCESSABLE = new Set(['22003', '22008', '22P05']);

async function writing<T>(db: Database, task: (trx: Database) => Promise<T>): Promise<T> {
  try {
    return await lockingLedgers(db, task);
  } catch (error) {
    if (!UNPROCESSABLE.has(errorCode(error) ?? '')) throw error;
    throw problem('unprocessable-entry', {
      detail: 'An amount, a time or a text is beyond what the ledger can hold. Send smaller values.',
      cause: error,
    });
  }
}
