import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { RowOrder } from '../../lib/import/reading/row-order.ts';
import { compareOrder, type PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { indexSymbols, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { assertAssets } from '../ledger/asset-quota.ts';
import { BulkPositions } from '../ledger/bulk-positions.ts';
import { candleSymbols } from '../market/closes.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import type { EntriesMove } from '../ledger/booking-options.ts';
import type { OutboxMessage } from '../ledger/outbox.ts';
import { jsonPieces } from '../connection/json-pieces.ts';
import { tieOf } from '../ledger/entry-identity.ts';
import { rateNeeds, withRates } from '../ledger/entry-rates.ts';
import { entryOf, type StoredEntry, type EntryDraft } from '../ledger/stored-entry.ts';
import { type FileOrder, orderOf } from './import-order.ts';
import { ENTRY_RECORDSET, toRow } from '../ledger/entry-row.ts';
import { listConflicts, listMatches, matchRows, type MatchCounts, type RowMatch } from './import-match.ts';
import { keepDecisions, knownDecisions, type NewDecision } from './import-decisions.ts';
import { type FreshEntry, freshEntries } from './import-rows.ts';
import type { StagedRows } from './staged-rows.ts';
import { advance, lockPortfolio } from '../ledger/portfolios.ts';
import { rateTable } from '../ledger/rates.ts';
import { countTags } from '../ledger/tags.ts';

/** Rows that are booked together: the embedded database lets everybody wait while it reads them. */
const CHUNK = 250;

export interface ImportOutcome extends MatchCounts {
  /** Of the ledger, after it. */
  version: number;
  /** Whether the fresh rows are in the ledger now. */
  booked: boolean;
  conflictRows: RowMatch[];
  /** The first rows of the file. */
  firstRows: RowMatch[];
  /** What is to be published about it. */
  message: OutboxMessage | null;
  /** Decisions of the file that were known before, by their keys. */
  known: ReadonlyMap<string, 'open' | 'settled'>;
  /** Which way time runs in the file; `null`: it cannot be told, and figures depend on it, so nothing is booked. */
  order: RowOrder | null;
}

/** So many rows of a file, about to be committed, that they are not published one by one. */
export interface ImportMove {
  subject: 'import';
  /** Of the ledger, after it. */
  version: number;
  importId: string;
  count: number;
}

export interface ImportOptions {
  clock: Clock;
  order: FileOrder;
  /** `look`: nothing is booked. `whole`: only if there is no conflict. `rest`: what is in no conflict. */
  mode: 'look' | 'whole' | 'rest';
  /** What only the owner of the portfolio can explain: kept if the file is booked. */
  decisions: readonly NewDecision[];
  /** Rows to be reported, at most. */
  reported: number;
  /** The import's name, as it is published. */
  name: string;
  /** Entries that are published one by one; if there are more, only their number is. */
  published: number;
  /** What is to be published about it: see `BookingOptions`. */
  records?: (move: EntriesMove | ImportMove) => string[];
  /** Different tags that the portfolio may have; left out: any number. */
  tagLimit?: number;
  /** Every asset of the file, and how many the portfolio may have; left out: any number. */
  assets?: { of: ReadonlySet<string>; limit: number };
  progress: (phase: 'comparing' | 'booking' | 'valuing', done: number, total: number) => void;
}

/**
 * Books the rows of a file that were put aside: in one transaction, so that nothing of it is there until all is.
 * @throws Problem `not-found`, `quota-exceeded`, `unprocessable-entry`
 */
export async function bookRows(
  db: Database,
  portfolioId: string,
  staged: StagedRows,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const { clock, mode, reported, published, progress } = options;
  return await db.transaction(async (trx) => {
    await allowTime(trx, LONG_WORK_MS);
    const portfolio = await lockPortfolio(trx, portfolioId);
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
      conflictRows: counts.conflicts === 0 ? [] : await listConflicts(trx, importId, reported),
      firstRows: await listMatches(trx, importId, reported),
    };
    const { version } = portfolio;
    const isHeldBack = mode === 'look' || order === null || (mode === 'whole' && counts.conflicts > 0);
    if (!isHeldBack) await keepDecisions(trx, portfolioId, options.name, decisions, clock.now());
    if (isHeldBack || counts.fresh === 0) return { ...report, version, booked: false, message: null };
    if (options.assets !== undefined) {
      await assertAssets(trx, portfolioId, options.assets.of, options.assets.limit);
    }
    const symbols = indexSymbols(await candleSymbols(trx));
    const positions = new BulkPositions(trx, portfolioId, portfolio);
    const entries: StoredEntry[] = [];
    // Rows that tell their sequence need no other.
    const lines = options.order.hasSequence ? null : order;
    let done: { time: number; line: number; part: number } | null = null;
    for (let place = 0; place < counts.fresh; place += CHUNK) {
      progress('booking', place, counts.fresh);
      const fresh = await freshEntries(trx, importId, lines, done, CHUNK);
      const drafts = await ratedDrafts(
        trx,
        portfolio.baseCurrency,
        fresh.map(({ draft }) => draft),
        symbols,
      );
      const now = clock.now();
      const booked = drafts.map((draft, index) => {
        const tie = tieOf(draft, version + place + index + 1);
        return entryOf(draft, { id: newId(clock), tie, portfolioId, createdAt: now, updatedAt: now });
      });
      await insertEntries(trx, booked, fresh, portfolio);
      await countTags(trx, portfolioId, { added: booked }, options.tagLimit);
      await positions.add(booked);
      if (counts.fresh <= published) entries.push(...booked);
      const last = fresh.at(-1);
      if (last !== undefined) done = { time: last.draft.time, line: last.line, part: last.part };
    }
    let folded = 0;
    progress('valuing', 0, 0);
    await positions.finish(() => progress('valuing', (folded += 1), 0));
    entries.sort(compareOrder);
    const count = counts.fresh;
    const after = version + count;
    const move: EntriesMove | ImportMove =
      count <= published
        ? { subject: 'entries', change: 'booked', version: after, entries }
        : { subject: 'import', version: after, importId: options.name, count };
    const told = { now: clock.now(), records: options.records?.(move) };
    return { ...report, booked: true, ...(await advance(trx, portfolio, count, told)) };
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
      `insert into ledger_entries (${ENTRY_RECORDSET.columns})
       select ${ENTRY_RECORDSET.columns} from ${ENTRY_RECORDSET.source}`,
      [json],
    );
  }
}

/** Entries with their rates, as booking them one by one would find them. */
async function ratedDrafts(
  trx: Database,
  baseCurrency: string,
  drafts: readonly EntryDraft[],
  symbols: SymbolIndex,
): Promise<EntryDraft[]> {
  const rate = await rateTable(trx, baseCurrency, drafts.flatMap(rateNeeds), symbols);
  return drafts.map((draft) => withRates(draft, ({ asset, time }) => rate(asset, time)));
}
