import { bookRows, type ImportOutcome } from '../../db/import/import-booking.ts';
import { dropRows, dropRowsBefore } from '../../db/import/import-rows.ts';
import type { NewDecision } from '../../db/import/import-decisions.ts';
import { type ImportedEntry, StagedRows } from '../../db/import/staged-rows.ts';
import type { EntryDraft } from '../../db/ledger/entries/stored-entry.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { assetsOf } from '../../db/ledger/entries/entry-assets.ts';
import { newId } from '../../lib/id.ts';
import type { ImportFormat } from '../../lib/import/reading/format.ts';
import { movesOf } from '../../lib/import/reading/legs.ts';
import type { DecimalMark } from '../../lib/import/reading/amount.ts';
import type { DateOrder, Zone } from '../../lib/import/reading/local-time.ts';
import { type ImportFile, type ImportRow, readFile } from '../../lib/import/rows.ts';
import { type RowOrder, RowOrders } from '../../lib/import/reading/row-order.ts';
import type { Slot } from '../../lib/async/slots.ts';
import { Problem, problem } from '../../lib/problem.ts';
import { ImportProgress } from '../../streams/portfolio/import-progress.ts';
import type { CsvBody } from '../http/csv-body.ts';
import { FileDecisions } from './file-decisions.ts';
import { FileJoins } from './file-joins.ts';
import { reasonOf } from './entry-reason.ts';
import { draftOf, type EntryTerms } from './import-entry.ts';
import { ImportReport } from './import-report.ts';
import { REPORTED_ROWS } from './import-report-schema.ts';
import { isDear } from '../ledger/trade-draft.ts';
import { type Booker, joinSureTransfers } from '../portfolios/sure-transfers.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import type { Services } from '../http/handler-services.ts';

/** Rows staged per statement. */
const CHUNK = 1_000;
/**
 * The maximum number of trades of an import to publish one by one; of more, only the number is published,
 * because the replay ring could not hold them.
 */
const PUBLISHED = 500;
/** No import takes this long: older rows are left over from a crash. */
const LEFT_BEHIND_MS = 3_600_000;

export interface ImportQuestion {
  booker: Booker;
  importId: string;
  dryRun: boolean;
  /** Book the valid rows although others are rejected. */
  skipRejected: boolean;
  zone: Zone | null;
  /** The layout, if the client has mapped the columns. */
  format: ImportFormat | null;
  decimal: DecimalMark | null;
  dateOrder: DateOrder | null;
  /** Whether to accept times before 2009. */
  allowBefore2009: boolean;
  /**
   * Called when the whole file has arrived: waits for a slot to book it in.
   * @throws Problem if none becomes free in time
   */
  turn: () => Promise<Slot>;
  order: RowOrder | null;
}

export interface ImportAnswer {
  file: ImportFile;
  report: ImportReport;
  outcome: ImportOutcome;
  /** The number of decisions of the file that are not settled. */
  openDecisions: number;
}

/**
 * Reads a file of trades, compares it with the ledger, and books it entirely or not at all.
 * @throws Problem `malformed-csv`, `payload-too-large`, or the 422 that names the rows that cannot be booked
 */
export async function runImport(
  body: CsvBody,
  question: ImportQuestion,
  services: Services,
): Promise<ImportAnswer> {
  const { db, clock, config } = services;
  const { booker, importId, dryRun, skipRejected } = question;
  const portfolioId = booker.portfolio.id;
  // Not the client's name: two imports may use the same.
  const stagingId = newId(clock);
  const progress = new ImportProgress(services, { portfolioId, importId, dryRun, bytes: body.bytes });
  progress.tell({ phase: 'reading' });
  try {
    await dropRowsBefore(db, clock.now() - LEFT_BEHIND_MS);
    const staged = new StagedRows(db, stagingId, clock);
    const { file, report, rows, decisions, joins, assets } = await stage(
      body,
      question,
      staged,
      progress,
      services,
    );
    const mayBook = !dryRun && (skipRejected || report.rejected === 0);
    const slot = await question.turn();
    const outcome = await changeLedger(services, portfolioId, async (options) => {
      const booked = await bookRows(db, portfolioId, staged, {
        ...options,
        order: {
          given: question.order,
          usual: file.layout.format.order,
          hasSequence: file.layout.columns.has('sequence'),
          rows,
        },
        mode: !mayBook ? 'look' : skipRejected ? 'rest' : 'whole',
        decisions,
        joins: joins.pairs,
        reported: REPORTED_ROWS,
        noted: report.notedLines,
        name: importId,
        published: PUBLISHED,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        assets: { of: assets, limit: config.ASSETS_PER_PORTFOLIO },
        progress: (phase, done, total) => {
          progress.tell(phase === 'booking' ? { phase, booked: done, toBook: total } : { phase });
        },
      });
      return await joinSureTransfers(services, booker, { booked, ids: booked.named }, options);
    }).finally(() => slot.release());
    const { format, columns } = file.layout;
    const idColumn = columns.heading(format.source['externalId'] ?? format.source['symbol'] ?? 'externalId');
    report.rejectConflicts(outcome, idColumn);
    report.noteLostFees(outcome.lostFees);
    const settled = decisions.filter(({ key }) => outcome.known.get(key) === 'settled');
    for (const { decision } of settled) report.settle(decision);
    if (!dryRun && !skipRejected && report.rejected > 0) throw report.problem();
    if (!dryRun && outcome.order === null && outcome.fresh > 0) throw orderProblem();
    progress.tell({
      phase: 'done',
      rejected: report.rejected,
      booked: outcome.booked ? outcome.fresh : 0,
      result: {
        booked: outcome.booked,
        accepted: outcome.fresh,
        duplicates: outcome.duplicates,
        rejected: report.rejected,
        ignored: report.ignored,
      },
    });
    return { file, report, outcome, openDecisions: decisions.length - settled.length };
  } catch (error) {
    const detail =
      error instanceof Problem
        ? error.message
        : 'The server failed. Nothing was booked; send the file again.';
    progress.tell({ phase: 'failed', detail });
    throw error;
  } finally {
    await dropRows(db, stagingId);
    await progress.settled();
  }
}

function orderProblem(): Problem {
  const detail =
    'All trades of the file have the same time, so it does not show which of them came first. Send `order=oldest-first` or `order=newest-first`.';
  return problem('unprocessable-entry', {
    detail,
    errors: [{ parameter: 'order', detail: 'is required', code: 'unknown-order', params: {} }],
  });
}

function tooManyAssets(line: number, limit: number): Problem {
  const detail = `The file has more than ${limit} different assets, and a portfolio has no more (ASSETS_PER_PORTFOLIO). Split the file by asset, and import each part into a portfolio of its own.`;
  return problem('quota-exceeded', {
    detail: `Line ${line}: ${detail}`,
    errors: [{ line, detail, code: 'too-many-assets', params: { limit: String(limit) } }],
  });
}

/** The staged contents of a file. */
interface Staged {
  file: ImportFile;
  report: ImportReport;
  rows: RowOrders;
  decisions: NewDecision[];
  joins: FileJoins;
  assets: ReadonlySet<string>;
}

/** Stages the valid rows one by one as the file arrives. */
async function stage(
  body: CsvBody,
  question: ImportQuestion,
  staged: StagedRows,
  progress: ImportProgress,
  services: Services,
): Promise<Staged> {
  const { clock, config } = services;
  const report = new ImportReport();
  let read = 0;
  const counted = async function* counted(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of body.chunks) {
      read += chunk.length;
      yield chunk;
    }
  };
  const file = await readFile(counted(), {
    charset: body.charset,
    zone: question.zone,
    format: question.format,
    decimal: question.decimal,
    dateOrder: question.dateOrder,
    earliest: question.allowBefore2009 ? 0 : GENESIS,
    latest: clock.now() + 86_400_000,
    maxRows: config.IMPORT_ROWS,
  });
  const { allowBefore2009 } = question;
  const { baseCurrency } = question.booker.portfolio;
  const terms = { now: clock.now(), tagLimit: config.TAGS_PER_ENTRY, baseCurrency, allowBefore2009 };
  const rows = new RowOrders();
  const decisions = new FileDecisions(clock);
  const joins = new FileJoins();
  const assets = new Set<string>();
  let batch: ImportedEntry[] = [];
  for await (const row of file.rows) {
    report.rows += row.rows;
    for (const [part, draft] of draftsOf(row, { file, report, terms, decisions, joins }).entries()) {
      rows.add(draft);
      for (const asset of assetsOf([draft])) assets.add(asset);
      if (assets.size > config.ASSETS_PER_PORTFOLIO)
        throw tooManyAssets(row.line, config.ASSETS_PER_PORTFOLIO);
      batch.push({
        line: row.line,
        part,
        draft,
        layout: file.layout.format.name,
        isOwn: file.layout.format.isOwn === true,
      });
    }
    if (batch.length >= CHUNK) {
      await staged.add(batch);
      batch = [];
      const bytes = { read, total: body.bytes };
      progress.tell({ bytes, rows: report.rows, rejected: report.rejected });
    }
  }
  if (batch.length > 0) await staged.add(batch);
  progress.tell({ bytes: { read, total: body.bytes }, rows: report.rows, rejected: report.rejected });
  report.unjoined = joins.unjoined;
  return { file, report, rows, decisions: decisions.all, joins, assets };
}

interface RowContext {
  file: ImportFile;
  report: ImportReport;
  terms: EntryTerms;
  decisions: FileDecisions;
  joins: FileJoins;
}

/** The entries of a row, as a client would send them; none if the report covers the row. */
function draftsOf(row: ImportRow, { file, report, terms, decisions, joins }: RowContext): EntryDraft[] {
  const { line } = row;
  if ('ignored' in row) {
    report.ignore(row, row.ignored, row.word, row.moves);
    return [];
  }
  if ('decision' in row) {
    const options = row.decision.options.filter(({ entries }) =>
      entries.every((entry) => 'draft' in draftOf(entry, terms)),
    );
    const decision = { ...row.decision, options };
    decisions.add(line, decision);
    report.ask(row, decision);
    return [];
  }
  if ('error' in row) {
    const { column, detail, code, params } = row.error;
    report.reject(line, column, detail, { code, params: { ...params } });
    return [];
  }
  report.entryRows += row.rows;
  report.preview(row.line, row.entries);
  if (row.aside !== undefined) report.setAside(row.aside);
  const drafts: EntryDraft[] = [];
  for (const entry of row.entries) {
    const made = draftOf(entry, terms);
    if ('fault' in made) {
      const { path, detail } = made.fault;
      const reason = reasonOf(entry, made.fault, terms.now);
      report.reject(line, headingOf(file, path), detail, reason, row.entries.flatMap(movesOf));
      return [];
    }
    drafts.push(made.draft);
    if (made.draft.kind === 'trade' && isDear(made.draft)) report.noteDearFee(line, made.draft);
    joins.add(line, entry, made.draft);
  }
  return drafts;
}

/** The heading of the cell that a field came from. */
function headingOf({ layout: { format, columns } }: ImportFile, path: readonly PropertyKey[]): string {
  const name = path.slice(0, 2).join('.');
  return columns.heading(format.source[name] ?? format.source[String(path[0])] ?? name);
}
