import { bookRows, type ImportOutcome } from '../../db/import/import-booking.ts';
import { dropRows, dropRowsBefore } from '../../db/import/import-rows.ts';
import { type ImportedTrade, StagedRows } from '../../db/import/staged-rows.ts';
import { GENESIS } from '../../lib/epoch.ts';
import { newId } from '../../lib/id.ts';
import type { DecimalMark } from '../../lib/import/amount.ts';
import type { DateOrder, Zone } from '../../lib/import/local-time.ts';
import { type ImportFile, type ImportRow, readFile } from '../../lib/import/rows.ts';
import { type RowOrder, RowOrders } from '../../lib/import/row-order.ts';
import type { Slot } from '../../lib/async/slots.ts';
import { Problem, problem } from '../../lib/problem.ts';
import { ImportProgress } from '../../streams/portfolio/import-progress.ts';
import type { CsvBody } from '../http/csv-body.ts';
import { tagError } from './entry-tags.ts';
import { ImportReport, REPORTED_ROWS } from './import-report.ts';
import { changeLedger } from '../portfolios/ledger-change.ts';
import type { Services } from '../http/handler-services.ts';
import { tradeErrors, type TradeInput, tradeInput, unratedDraft } from './trade-draft.ts';

/** Rows that are put aside by one statement. */
const CHUNK = 1_000;
/** Trades of one import that are published one by one; of more only the number is, for a ring keeps no more. */
const PUBLISHED = 500;
/** No import takes so long: what is older was left behind. */
const LEFT_BEHIND_MS = 3_600_000;

export interface ImportQuestion {
  portfolioId: string;
  importId: string;
  dryRun: boolean;
  /** Book what can be booked although other rows are rejected. */
  skipRejected: boolean;
  zone: Zone | null;
  decimal: DecimalMark | null;
  dateOrder: DateOrder | null;
  /** Whether times before 2009 are taken. */
  allowBefore2009: boolean;
  /** Called when the whole file is here: waits for a slot to book it in. @throws Problem when there is none in time */
  turn: () => Promise<Slot>;
  order: RowOrder | null;
}

export interface ImportAnswer {
  file: ImportFile;
  report: ImportReport;
  outcome: ImportOutcome;
}

/**
 * Reads a file of trades, compares it with the ledger, and books it whole or not at all.
 * @throws Problem `malformed-csv`, `payload-too-large`, or the 422 that names the rows that cannot be booked
 */
export async function runImport(
  body: CsvBody,
  question: ImportQuestion,
  services: Services,
): Promise<ImportAnswer> {
  const { db, clock, config } = services;
  const { portfolioId, importId, dryRun, skipRejected } = question;
  // A name of our own: senders may use the same one twice.
  const stagingId = newId(clock);
  const progress = new ImportProgress(services, { portfolioId, importId, dryRun, bytes: body.bytes });
  progress.tell({ phase: 'reading' });
  try {
    await dropRowsBefore(db, clock.now() - LEFT_BEHIND_MS);
    const staged = new StagedRows(db, stagingId, clock);
    const { file, report, rows } = await stage(body, question, staged, progress, services);
    const mayBook = !dryRun && (skipRejected || report.rejected === 0);
    const slot = await question.turn();
    const outcome = await changeLedger(services, portfolioId, (options) =>
      bookRows(db, portfolioId, staged, {
        ...options,
        order: {
          given: question.order,
          usual: file.layout.format.order,
          hasSequence: file.layout.columns.has('sequence'),
          rows,
        },
        mode: !mayBook ? 'look' : skipRejected ? 'rest' : 'whole',
        reported: REPORTED_ROWS,
        name: importId,
        published: PUBLISHED,
        tagLimit: config.TAGS_PER_PORTFOLIO,
        progress: (phase, done, total) => {
          progress.tell(phase === 'booking' ? { phase, booked: done, toBook: total } : { phase });
        },
      }),
    ).finally(() => slot.release());
    const { format, columns } = file.layout;
    const idColumn = columns.heading(format.source['externalId'] ?? format.source.symbol);
    report.rejectConflicts(outcome.conflicts, outcome.conflictRows, idColumn);
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
    return { file, report, outcome };
  } catch (error) {
    const detail = error instanceof Problem ? error.message : 'Something went wrong here.';
    progress.tell({ phase: 'failed', detail });
    throw error;
  } finally {
    await dropRows(db, stagingId);
    await progress.settled();
  }
}

function orderProblem(): Problem {
  const detail =
    'All trades of the file have the same time, and it does not tell which of them came first: say it with `order=oldest-first` or `order=newest-first`.';
  return problem('unprocessable-entry', { detail, errors: [{ parameter: 'order', detail: 'is needed' }] });
}

/** Puts aside what is fine, row by row as the file arrives. */
async function stage(
  body: CsvBody,
  question: ImportQuestion,
  staged: StagedRows,
  progress: ImportProgress,
  services: Services,
): Promise<{ file: ImportFile; report: ImportReport; rows: RowOrders }> {
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
    decimal: question.decimal,
    dateOrder: question.dateOrder,
    earliest: question.allowBefore2009 ? 0 : GENESIS,
    latest: clock.now() + 86_400_000,
    maxRows: config.IMPORT_ROWS,
  });
  const rows = new RowOrders();
  let batch: ImportedTrade[] = [];
  for await (const row of file.rows) {
    report.rows += 1;
    const input = checked(row, file, report, { now: clock.now(), tagLimit: config.TAGS_PER_ENTRY });
    if (input !== null) {
      const draft = unratedDraft(input);
      rows.add(draft);
      batch.push({ line: row.line, draft, counted: !file.layout.format.hasIds });
    }
    if (batch.length === CHUNK) {
      await staged.add(batch);
      batch = [];
      const bytes = { read, total: body.bytes };
      progress.tell({ bytes, rows: report.rows, rejected: report.rejected });
    }
  }
  if (batch.length > 0) await staged.add(batch);
  progress.tell({ bytes: { read, total: body.bytes }, rows: report.rows, rejected: report.rejected });
  return { file, report, rows };
}

/** The trade of a row as it would have been sent; `null` when the report tells why there is none. */
function checked(
  row: ImportRow,
  file: ImportFile,
  report: ImportReport,
  { now, tagLimit }: { now: number; tagLimit: number },
): TradeInput | null {
  const { line } = row;
  if ('ignored' in row) {
    report.ignore(line, row.ignored);
    return null;
  }
  if ('error' in row) {
    report.reject(line, row.error.column, row.error.detail);
    return null;
  }
  const { format, columns } = file.layout;
  const headingOf = (path: readonly PropertyKey[]): string => {
    const name = path.slice(0, 2).join('.');
    return columns.heading(format.source[name] ?? format.source[String(path[0])] ?? name);
  };
  const parsed = tradeInput.safeParse(row.trade);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    report.reject(line, headingOf(issue?.path ?? []), issue?.message ?? 'is not usable');
    return null;
  }
  const [error] = tradeErrors(parsed.data, now);
  if (error !== undefined) {
    report.reject(line, headingOf((error.pointer ?? '').split('/').slice(1)), error.detail);
    return null;
  }
  const tooMany = tagError(parsed.data.tags, tagLimit);
  if (tooMany !== null) {
    report.reject(line, headingOf(['tags']), tooMany);
    return null;
  }
  return parsed.data;
}
