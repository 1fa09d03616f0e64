import { z } from 'zod';
import type { RowMatch } from '../../db/import/import-match.ts';
import { FORMAT_NAMES } from '../../lib/import/formats.ts';
import { ROW_ORDERS } from '../../lib/import/row-order.ts';
import { type FieldError, problem, type Problem } from '../../lib/problem.ts';
import * as field from '../http/fields.ts';
import { ledgerVersion } from '../portfolios/entry-fields.ts';

/** Rows that one report lists. */
export const REPORTED_ROWS = 1_000;
/** Rejected rows that a problem names. */
const PROBLEM_ROWS = 100;

const rowSchema = z
  .object({
    line: z.int().describe('The line of the file where the row begins, from 1.'),
    status: z
      .enum(['accepted', 'duplicate', 'rejected', 'ignored'])
      .describe(
        '`accepted`: a new trade. `duplicate`: booked before. `rejected`: it cannot be booked. `ignored`: not a trade.',
      ),
    column: z.string().optional().describe('The heading of the cell that is wrong.'),
    detail: z.string().optional().describe('Why it was rejected or ignored, or what it duplicates.'),
    tradeId: field.id.optional().describe('The booked trade that it duplicates or conflicts with.'),
  })
  .meta({ id: 'ImportRow', description: 'What became of one row of a file.' });

type ReportRow = z.input<typeof rowSchema>;

export const reportSchema = z
  .object({
    importId: field.id.describe('Id of the import, as the request named it or as it was made.'),
    portfolioId: field.portfolioId,
    dryRun: z.boolean().describe('Whether nothing was to be booked.'),
    booked: z.boolean().describe('Whether the accepted rows are now in the ledger.'),
    version: ledgerVersion,
    format: z.enum(FORMAT_NAMES).describe('Whose file it is, as its headings show.'),
    encoding: z
      .enum(['utf-8', 'euc-kr', 'utf-16le', 'utf-16be'])
      .describe('The encoding that the file was read in.'),
    timeZone: z
      .union([z.string(), z.null()])
      .describe('The time zone that times were read in; `null` if each time named its own.'),
    order: z
      .union([z.enum(ROW_ORDERS), z.null()])
      .describe(
        'Which way time runs in the file; `null` if it does not show and figures depend on it: then send `order` to book the file.',
      ),
    rows: z.int().describe('Rows of the file, empty ones not counted.'),
    accepted: z.int().describe('Rows that are new trades.'),
    duplicates: z.int().describe('Rows that were booked before.'),
    rejected: z.int().describe('Rows that cannot be booked.'),
    ignored: z.int().describe('Rows that are not trades, such as deposits.'),
    items: z
      .array(rowSchema)
      .describe(
        `What became of each row, by line; at most ${REPORTED_ROWS}, rejected rows first to be kept.`,
      ),
    truncated: z.boolean().describe('Whether the file has more rows than `items`.'),
  })
  .meta({ id: 'ImportReport', description: 'What became of a file of trades.' });

/** Gathers what becomes of each row, and remembers the first of each kind. */
export class ImportReport {
  rows = 0;
  ignored = 0;
  #rejected = 0;
  readonly #rejectedRows: ReportRow[] = [];
  readonly #ignoredRows: ReportRow[] = [];

  get rejected(): number {
    return this.#rejected;
  }

  reject(line: number, column: string, detail: string): void {
    this.#rejected += 1;
    if (this.#rejectedRows.length < REPORTED_ROWS) {
      this.#rejectedRows.push({ line, status: 'rejected', column, detail });
    }
  }

  ignore(line: number, detail: string): void {
    this.ignored += 1;
    if (this.#ignoredRows.length < REPORTED_ROWS) this.#ignoredRows.push({ line, status: 'ignored', detail });
  }

  /** Rows whose external id stands for something else. */
  rejectConflicts(count: number, rows: readonly RowMatch[], column: string): void {
    this.#rejected += count;
    this.#rejectedRows.push(
      ...rows.map(({ line, entryId, twin }): ReportRow => {
        const where = entryId === null ? `in line ${twin}` : `as trade ${entryId}`;
        const detail = `is already there with another content, ${where}`;
        return {
          line,
          status: 'rejected',
          column,
          detail,
          ...(entryId === null ? {} : { tradeId: entryId }),
        };
      }),
    );
    this.#rejectedRows.sort((a, b) => a.line - b.line);
    this.#rejectedRows.splice(REPORTED_ROWS);
  }

  /** @param first the first of the rows that were compared with the ledger */
  items(first: readonly RowMatch[]): ReportRow[] {
    const compared = first.flatMap(({ line, outcome, entryId, twin }): ReportRow[] => {
      if (outcome === 'conflict') return [];
      if (outcome === null) return [{ line, status: 'accepted' }];
      if (entryId !== null) return [{ line, status: 'duplicate', tradeId: entryId }];
      return [{ line, status: 'duplicate', detail: `is the same as line ${twin}` }];
    });
    const others = [...compared, ...this.#ignoredRows].sort((a, b) => a.line - b.line);
    const room = Math.max(0, REPORTED_ROWS - this.#rejectedRows.length);
    return [...this.#rejectedRows, ...others.slice(0, room)].sort((a, b) => a.line - b.line);
  }

  /** The 422 of a file that is not booked because of some of its rows. */
  problem(): Problem {
    const errors = this.#rejectedRows.slice(0, PROBLEM_ROWS).map(({ line, column, detail }): FieldError => ({
      line,
      ...(column === undefined ? {} : { column }),
      detail: detail ?? '',
    }));
    return problem('unprocessable-entry', {
      detail: `${this.#rejected} of ${this.rows} rows cannot be booked, so nothing of the file was.`,
      errors,
    });
  }
}
