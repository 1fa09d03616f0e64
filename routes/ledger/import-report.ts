import { z } from 'zod';
import type { RowMatch } from '../../db/import/import-match.ts';
import { FORMAT_NAMES } from '../../lib/import/formats.ts';
import { ROW_ORDERS } from '../../lib/import/row-order.ts';
import { type FieldError, problem, type Problem } from '../../lib/problem.ts';
import * as field from '../http/fields.ts';

/** Rows that one report tells of. */
export const REPORTED_ROWS = 1_000;
/** Rejected rows that a problem names. */
const PROBLEM_ROWS = 100;

const rowSchema = z
  .object({
    line: z.int().meta({ description: 'Where the row begins in the file, from 1.' }),
    status: z.enum(['accepted', 'duplicate', 'rejected', 'ignored']),
    column: z.string().optional().meta({ description: 'The heading of the cell that is wrong.' }),
    detail: z.string().optional(),
    tradeId: field.id.optional().meta({ description: 'The booked trade it is, or is in conflict with.' }),
  })
  .meta({ id: 'ImportRow' });

type ReportRow = z.input<typeof rowSchema>;

export const reportSchema = z
  .object({
    importId: field.id,
    portfolioId: field.id,
    dryRun: z.boolean(),
    booked: z.boolean().meta({ description: 'Whether the accepted rows are in the ledger now.' }),
    version: z.int().meta({ description: 'Of the ledger, after it.' }),
    format: z.enum(FORMAT_NAMES),
    encoding: z.enum(['utf-8', 'euc-kr', 'utf-16le', 'utf-16be']),
    timeZone: z
      .union([z.string(), z.null()])
      .meta({ description: 'That times were taken in; `null` when each named its own.' }),
    order: z.union([z.enum(ROW_ORDERS), z.null()]).meta({
      description:
        'Which way time runs in the file; `null` when it cannot be told although figures depend on it: then it must be said to book the file.',
    }),
    rows: z.int().meta({ description: 'Of the file, without those that are empty.' }),
    accepted: z.int(),
    duplicates: z.int(),
    rejected: z.int(),
    ignored: z.int().meta({ description: 'Rows that are no trades, such as deposits.' }),
    items: z.array(rowSchema).meta({
      description: `In order of line; at most ${REPORTED_ROWS}, the rejected ones before all others.`,
    }),
    truncated: z.boolean().meta({ description: 'Whether there are more rows than items.' }),
  })
  .meta({ id: 'ImportReport' });

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
