import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { Move } from '../../lib/import/reading/format.ts';
import type { RowOrder } from '../../lib/import/reading/row-order.ts';
import { compareOrder, type PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { indexSymbols, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { assertAssets } from '../ledger/portfolios/asset-quota.ts';
import { BulkPositions } from '../ledger/positions/bulk-positions.ts';
import { candleSymbols } from '../market/closes.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import type { EntriesMove, ValuationMove } from '../ledger/positions/booking-options.ts';
import { hasOpenRate, valueBooked, VALUED_AT_ONCE } from '../ledger/late-rates.ts';
import { follow, messagesOf } from '../ledger/links/following.ts';
import { ledgerOf, lockingLedgers, lockLedgers } from '../ledger/portfolios/linked-ledgers.ts';
import type { OutboxMessage } from '../ledger/portfolios/outbox.ts';
import { jsonPieces } from '../connection/json-pieces.ts';
import { tieOf } from '../ledger/entries/entry-identity.ts';
import { rateNeeds, withRates } from '../ledger/rates/entry-rates.ts';
import {
  entryOf,
  type StoredEntry,
  type EntryDraft,
  withTransaction,
} from '../ledger/entries/stored-entry.ts';
import { type FileOrder, orderOf } from './import-order.ts';
import { ENTRY_RECORDSET, toRow } from '../ledger/entries/entry-row.ts';
import { listConflicts, listMatches, matchRows, type MatchCounts, type RowMatch } from './import-match.ts';
import { joinBooked, type JoinedLines } from './import-joins.ts';
import { keepDecisions, knownDecisions, type NewDecision } from './import-decisions.ts';
import { conflictMoves, type FreshEntry, freshEntries } from './import-rows.ts';
import type { StagedRows } from './staged-rows.ts';
import { advance } from '../ledger/portfolios/portfolios.ts';
import { rateTable, type RateTerms } from '../ledger/rates/rates.ts';
import { countTags } from '../ledger/portfolios/tags.ts';

/** Rows booked at once: the embedded database blocks everyone else in the meantime. */
const CHUNK = 250;

export interface ImportOutcome extends MatchCounts {
  /** Of the ledger, after booking. */
  version: number;
  /** Whether the fresh rows are in the ledger now. */
  booked: boolean;
  conflictRows: RowMatch[];
  /** What all rows in conflict move together. */
  conflictMoves: Move[];
  /** The first rows of the file, and those that are noted. */
  firstRows: RowMatch[];
  /** To be published. */
  message: OutboxMessage | null;
  following: readonly OutboxMessage[];
  /** Ids of new withdrawals and deposits that name their transaction. */
  named: readonly string[];
  /** The decisions of the file that were known before, by key. */
  known: ReadonlyMap<string, 'open' | 'settled'>;
  /**
   * Which way time runs in the file; `null` if that is unknown and figures depend on it, in which case
   * nothing is booked.
   */
  order: RowOrder | null;
}

/** So many rows of a file, about to be committed, that they are not published one by one. */
export interface ImportMove {
  subject: 'import';
  /** Of the ledger, after booking. */
  version: number;
  importId: string;
  count: number;
}

export interface ImportOptions {
  clock: Clock;
  order: FileOrder;
  /**
   * `look`: book nothing. `whole`: book only if there are no conflicts. `rest`: book everything that is not
   * in conflict.
   */
  mode: 'look' | 'whole' | 'rest';
  /** What only the user can decide; stored if the file is booked. */
  decisions: readonly NewDecision[];
  /** Rows that are the two halves of an own transfer. */
  joins?: readonly JoinedLines[];
  /** The maximum number of rows to report. */
  reported: number;
  /** Lines of rows to report wherever they are in the file: at most as many as `reported`. */
  noted?: readonly number[];
  /** The import's name, as published. */
  name: string;
  /**
   * The maximum number of entries to publish one by one; if there are more, only their number is published.
   */
  published: number;
  /** The records to publish: see `BookingOptions`. */
  records?: (move: EntriesMove | ImportMove | ValuationMove) => string[];
  /** See `BookingOptions`. */
  valuesAtOnce?: boolean;
  /** The maximum number of different tags in the portfolio; unlimited if absent. */
  tagLimit?: number;
  /** Every asset of the file, and the maximum number in the portfolio; unlimited if absent. */
  assets?: { of: ReadonlySet<string>; limit: number };
  progress: (phase: 'comparing' | 'booking' | 'valuing', done: number, total: number) => void;
  /** Called first, in the transaction; throws to book nothing. */
  admit?: (trx: Database) => Promise<void>;
  /** Writes more in the transaction if anything was booked. */
  booked?: (trx: Database) => Promise<void>;
}

/**
 * Books the staged rows of a file in one transaction, so that all of them become visible at once.
 * @throws Problem `not-found`, `quota-exceeded`, `unprocessable-entry`
 */
export async function bookRows(
  db: Database,
  portfolioId: string,
  staged: StagedRows,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const { clock, mode, reported, published, progress } = options;
  return await lockingLedgers(db, async (trx) => {
    await allowTime(trx, LONG_WORK_MS);
    const ledgers = await lockLedgers(trx, [portfolioId]);
    const portfolio = ledgerOf(ledgers, portfolioId);
    await options.admit?.(trx);
    progress('comparing', 0, 0);
    const { importId } = staged;
    const counts = await matchRows(trx, portfolioId, staged);
    const order = await orderOf(trx, portfolio, options.order);
    const { decisions } = options;
    const report = {
      ...counts,
      order,
      known: await knownDecisions(
        trx,
        portfolioId,
        decisions.map(({ key }) => key),
      ),
      conflictMoves: counts.conflicts === 0 ? [] : await conflictMoves(trx, importId),
      conflictRows: counts.conflicts === 0 ? [] : await listConflicts(trx, importId, reported),
      firstRows: await listMatches(trx, importId, reported, [
        ...(options.noted ?? []),
        ...counts.lostFees.first.map(({ line }) => line),
      ]),
    };
    const { version } = portfolio;
    const isHeldBack = mode === 'look' || order === null || (mode === 'whole' && counts.conflicts > 0);
    if (!isHeldBack) await keepDecisions(trx, portfolioId, options.name, decisions, clock.now());
    if (isHeldBack || counts.fresh === 0) {
      return { ...report, version, booked: false, message: null, following: [], named: [] };
    }
    if (options.assets !== undefined) {
      await assertAssets(trx, portfolioId, options.assets.of, options.assets.limit);
    }
    const symbols = indexSymbols(await candleSymbols(trx, portfolio.simulated));
    const positions = new BulkPositions(trx, portfolioId, portfolio);
    const entries: StoredEntry[] = [];
    // Rows that state their sequence need no other order, and rows that share no instant need none.
    const lines = options.order.hasSequence || options.order.rows.areApart ? null : order;
    const { joins = [] } = options;
    const halves = new Set(joins.flatMap(({ withdrawal, deposit }) => [withdrawal, deposit]));
    const booked = new Map<number, string>();
    const open: StoredEntry[] = [];
    const named: string[] = [];
    let done: { time: number; line: number; part: number } | null = null;
    for (let place = 0; place < counts.fresh; place += CHUNK) {
      progress('booking', place, counts.fresh);
      const fresh = await freshEntries(trx, importId, lines, done, CHUNK);
      const drafts = await ratedDrafts(
        trx,
        portfolio,
        fresh.map(({ draft }) => draft),
        symbols,
      );
      const now = clock.now();
      const added = drafts.map((draft, index) => {
        const tie = tieOf(draft, version + place + index + 1);
        return entryOf(draft, { id: newId(clock), tie, portfolioId, createdAt: now, updatedAt: now });
      });
      await insertEntries(trx, added, fresh, portfolio);
      await countTags(trx, portfolioId, { added }, options.tagLimit);
      await positions.add(added);
      if (counts.fresh <= published) entries.push(...added);
      named.push(...withTransaction(added));
      if (open.length < VALUED_AT_ONCE) open.push(...added.filter(hasOpenRate));
      for (const [index, { line }] of fresh.entries()) {
        if (halves.has(line)) booked.set(line, added[index]?.id ?? '');
      }
      const last = fresh.at(-1);
      if (last !== undefined) done = { time: last.draft.time, line: last.line, part: last.part };
    }
    let folded = 0;
    progress('valuing', 0, 0);
    await positions.finish(() => progress('valuing', (folded += 1), 0));
    const change = { origins: [portfolio], starts: positions.starts(), relinked: positions.relinked };
    const following = await follow(trx, ledgers, change, options);
    await options.booked?.(trx);
    entries.sort(compareOrder);
    const count = counts.fresh;
    const after = version + count;
    const move: EntriesMove | ImportMove =
      count <= published
        ? { subject: 'entries', change: 'booked', version: after, entries }
        : { subject: 'import', version: after, importId: options.name, count };
    const told = { now: clock.now(), records: options.records?.(move) };
    const advanced = await advance(trx, portfolio, count, told);
    const telling = options.records === undefined ? { clock } : { clock, records: options.records };
    const joined = await joinBooked(trx, portfolioId, { joins, booked }, telling);
    const valued = options.valuesAtOnce === true ? await valueBooked(trx, portfolioId, open, telling) : null;
    return {
      ...report,
      booked: true,
      following: [...following, ...joined.messages, ...(valued === null ? [] : messagesOf(valued))],
      message: advanced.message,
      named,
      version: valued?.version ?? advanced.version + joined.versions,
    };
  });
}

async function insertEntries(
  trx: Database,
  entries: readonly StoredEntry[],
  fresh: readonly FreshEntry[],
  terms: PortfolioTerms,
): Promise<void> {
  function* rows(): Generator<object, void, undefined> {
    for (const [index, entry] of entries.entries())
      yield toRow(entry, fresh[index]?.contentHash ?? '', terms);
  }
  for await (const json of jsonPieces(rows())) {
    await trx.raw(
      `insert into ledger_entries (${ENTRY_RECORDSET.columns}, imported)
       select ${ENTRY_RECORDSET.columns}, true from ${ENTRY_RECORDSET.source}`,
      [json],
    );
  }
}

/** Entries with the rates that booking them one by one would find. */
async function ratedDrafts(
  trx: Database,
  terms: RateTerms,
  drafts: readonly EntryDraft[],
  symbols: SymbolIndex,
): Promise<EntryDraft[]> {
  const rate = await rateTable(trx, terms, drafts.flatMap(rateNeeds), symbols);
  return drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
}
