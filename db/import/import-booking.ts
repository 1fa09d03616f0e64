import type { Clock } from '../../lib/clock.ts';
import { newId } from '../../lib/id.ts';
import type { PortfolioTerms } from '../../lib/pnl/ledger/entry.ts';
import { indexSymbols, type SymbolIndex } from '../../lib/pnl/valuation/valuation.ts';
import { BulkPositions } from '../ledger/bulk-positions.ts';
import { candleSymbols } from '../market/closes.ts';
import type { Database } from '../connection/database.ts';
import { allowTime, LONG_WORK_MS } from '../connection/time-limit.ts';
import { ratedAssets, type StoredTrade, thirdAsset, tieOf, type TradeDraft } from '../ledger/stored-entry.ts';
import { ENTRY_RECORDSET, toRow } from '../ledger/entry-row.ts';
import { countMatches, listMatches, matchRows, type MatchCounts, type RowMatch } from './import-match.ts';
import { type PlacedTrade, placedTrades } from './import-rows.ts';
import type { EntriesMove } from '../ledger/ledger.ts';
import type { OutboxMessage } from '../ledger/outbox.ts';
import { advance, lockPortfolio } from '../ledger/portfolios.ts';
import { rateTable } from '../ledger/rates.ts';
import { countTags } from '../ledger/tags.ts';

/** Rows that are booked by one statement, which the embedded database lets everybody wait for. */
const CHUNK = 1_000;

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
  newestFirst: boolean;
  /** `look`: nothing is booked. `whole`: only if there is no conflict. `rest`: what is in no conflict. */
  mode: 'look' | 'whole' | 'rest';
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
  progress: (phase: 'comparing' | 'booking' | 'valuing', done: number, total: number) => void;
}

/**
 * Books the rows of a file that were put aside: in one transaction, so that nothing of it is there until all is.
 * @throws Problem `not-found`, `quota-exceeded`, `unprocessable-entry`
 */
export async function bookRows(
  db: Database,
  portfolioId: string,
  importId: string,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const { clock, mode, reported, published, progress } = options;
  return await db.transaction(async (trx) => {
    await allowTime(trx, LONG_WORK_MS);
    const portfolio = await lockPortfolio(trx, portfolioId);
    progress('comparing', 0, 0);
    await matchRows(trx, portfolioId, importId, options);
    const counts = await countMatches(trx, importId);
    const report = {
      ...counts,
      conflictRows: await listMatches(trx, importId, reported, { conflictsOnly: true }),
      firstRows: await listMatches(trx, importId, reported, { conflictsOnly: false }),
    };
    const { version } = portfolio;
    const isHeldBack = mode === 'look' || (mode === 'whole' && counts.conflicts > 0);
    if (isHeldBack || counts.fresh === 0) return { ...report, version, booked: false, message: null };
    const symbols = indexSymbols(await candleSymbols(trx));
    const positions = new BulkPositions(trx, portfolioId, portfolio);
    const entries: StoredTrade[] = [];
    for (let place = 0; place < counts.fresh; place += CHUNK) {
      progress('booking', place, counts.fresh);
      const placed = await placedTrades(trx, importId, place, CHUNK);
      await fillRates(
        trx,
        portfolio.baseCurrency,
        placed.map(({ draft }) => draft),
        symbols,
      );
      const booked = placed.map((trade) => entryOf(trade, portfolioId, version, clock));
      await insertEntries(trx, booked, placed, portfolio);
      await countTags(trx, portfolioId, { added: booked }, options.tagLimit);
      await positions.add(booked);
      if (counts.fresh <= published) entries.push(...booked);
    }
    let folded = 0;
    progress('valuing', 0, 0);
    await positions.finish(() => progress('valuing', (folded += 1), 0));
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

function entryOf(
  { draft, place }: PlacedTrade,
  portfolioId: string,
  version: number,
  clock: Clock,
): StoredTrade {
  const now = clock.now();
  const tie = tieOf(draft, version + place);
  return { ...draft, id: newId(clock), tie, portfolioId, createdAt: now, updatedAt: now };
}

async function insertEntries(
  trx: Database,
  entries: readonly StoredTrade[],
  placed: readonly PlacedTrade[],
  terms: PortfolioTerms,
): Promise<void> {
  const rows = entries.map((entry, index) => toRow(entry, placed[index]?.contentHash ?? '', terms));
  await trx.raw(
    `insert into ledger_entries (${ENTRY_RECORDSET.columns})
     select ${ENTRY_RECORDSET.columns} from ${ENTRY_RECORDSET.source}`,
    [JSON.stringify(rows)],
  );
}

/** Fills in the rates of trades as booking them one by one would. */
async function fillRates(
  trx: Database,
  baseCurrency: string,
  drafts: readonly TradeDraft[],
  symbols: SymbolIndex,
): Promise<void> {
  const rate = await rateTable(trx, baseCurrency, drafts.flatMap(ratedAssets), symbols);
  for (const draft of drafts) {
    draft.quoteRate = rate(draft.quote, draft.time);
    const third = thirdAsset(draft);
    if (third !== null) draft.feeRate = rate(third, draft.time);
  }
}
