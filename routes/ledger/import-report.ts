import { z } from 'zod';
import type { RowMatch } from '../../db/import/import-match.ts';
import { FORMAT_NAMES } from '../../lib/import/layouts/formats.ts';
import type { IgnoredCode, Move, RawDecision, RawEntry } from '../../lib/import/reading/format.ts';
import { amountOf } from '../../lib/import/reading/legs.ts';
import { ROW_ORDERS } from '../../lib/import/reading/row-order.ts';
import { type FieldError, problem, type Problem } from '../../lib/problem.ts';
import { decimal, type Fixed, ZERO } from '../../lib/money/money.ts';
import { sentenceAbout } from '../../lib/sentence.ts';
import * as field from '../http/fields.ts';
import { ledgerVersion } from '../portfolios/entry-fields.ts';
import {
  detailOf,
  entryBody,
  moveSchema,
  optionBodies,
  optionEntrySchema,
  optionSchema,
} from './decision-body.ts';

/** Rows that one report lists. */
export const REPORTED_ROWS = 1_000;
/** Rejected rows that a problem names. */
const PROBLEM_ROWS = 100;
/** Rows that one report shows as they are read. */
const PREVIEWED_ROWS = 20;

const rowSchema = z
  .object({
    line: z.int().describe('The line of the file where the row begins, from 1.'),
    status: z
      .enum(['accepted', 'duplicate', 'rejected', 'ignored', 'undecided'])
      .describe(
        '`accepted`: a new entry. `duplicate`: booked before. `rejected`: it cannot be booked. `ignored`: it moves nothing of what its owner holds. `undecided`: only its owner can explain it.',
      ),
    code: z
      .string()
      .optional()
      .describe('Why it is rejected, ignored or undecided: stable, for texts in other languages.'),
    params: z.record(z.string(), z.string()).optional().describe('What a text for the code is made with.'),
    moves: z
      .array(moveSchema)
      .optional()
      .describe('What an undecided row adds to holdings and takes from them.'),
    options: z.array(optionSchema).optional().describe('What an undecided row could be.'),
    column: z.string().optional().describe('The heading of the cell that is wrong.'),
    detail: z
      .string()
      .optional()
      .describe('Why it is rejected, ignored or undecided, or what it duplicates.'),
    tradeId: field.id.optional().describe('The booked entry that it duplicates or conflicts with.'),
  })
  .meta({ id: 'ImportRow', description: 'What became of one row of a file.' });

type ReportRow = z.input<typeof rowSchema>;

/** Why a row is rejected, for a text in another language. */
interface Reason {
  code?: string;
  params?: Record<string, string>;
}

const IGNORED: Record<IgnoredCode, string> = {
  'internal-transfer': 'moves between accounts of the same owner',
  'not-completed': 'was not carried out',
  'pending-copy': 'is there again once it is completed',
  'empty-row': 'moves nothing',
};

const previewSchema = z
  .object({
    line: z.int().describe('The line of the file where the row begins, from 1.'),
    entries: z.array(optionEntrySchema).describe('What it is read as.'),
  })
  .meta({ id: 'ImportPreviewRow', description: 'How a row of a file is read.' });

export const reportSchema = z
  .object({
    importId: field.id.describe('Id of the import, as the request named it or as it was made.'),
    portfolioId: field.portfolioId,
    dryRun: z.boolean().describe('Whether nothing was to be booked.'),
    booked: z.boolean().describe('Whether the accepted rows are now in the ledger.'),
    version: ledgerVersion,
    format: z.enum(FORMAT_NAMES).describe('Whose file it is, as its headings show.'),
    encoding: z
      .enum(['utf-8', 'euc-kr', 'utf-16le', 'utf-16be', 'xlsx'])
      .describe('The encoding that the file was read in; `xlsx`: an Excel workbook.'),
    timeZone: z
      .union([z.string(), z.null()])
      .describe('The time zone that times were read in; `null` if each time named its own.'),
    order: z
      .union([z.enum(ROW_ORDERS), z.null()])
      .describe(
        'Which way time runs in the file; `null` if it does not show and figures depend on it: then send `order` to book the file.',
      ),
    rows: z.int().describe('Rows of the file, empty ones not counted.'),
    accepted: z.int().describe('New entries: trades, deposits, withdrawals and income.'),
    duplicates: z.int().describe('Entries that were booked before.'),
    rejected: z.int().describe('Rows that cannot be booked.'),
    ignored: z
      .int()
      .describe('Rows that move nothing of what their owner holds, such as orders that were not filled.'),
    undecided: z
      .int()
      .describe(
        'Rows that only their owner can explain: `GET …/decisions` lists them once the file is booked.',
      ),
    decisions: z.int().describe('The decisions to take about them that are not settled yet.'),
    entryRows: z
      .int()
      .describe(
        'Rows that entries are made of, be they accepted, duplicates or rejected. With the ignored, undecided and unreadable rows they are all of the file.',
      ),
    unbooked: z
      .array(
        z
          .object({
            asset: z.string().describe('Code of the asset.'),
            undecided: field.decimal.describe('The sum of what undecided rows move.'),
            ignored: field.decimal.describe('The sum of what ignored rows move.'),
          })
          .meta({ id: 'UnbookedSum', description: 'What is not booked of one asset.' }),
      )
      .describe(`What is not booked of each asset; at most ${REPORTED_ROWS} assets.`),
    preview: z
      .array(previewSchema)
      .describe(`How the first rows that entries are made of are read: at most ${PREVIEWED_ROWS}.`),
    nearMisses: z
      .array(
        z
          .object({
            line: z.int().describe('The line of the file where the row begins, from 1.'),
            tradeId: field.id.describe('The booked entry that it is like.'),
            differs: z
              .enum(['time', 'quantity', 'price'])
              .describe('What the two differ in, beyond the precision of their sources.'),
          })
          .meta({ id: 'ImportNearMiss', description: 'A row that is like an entry of another source.' }),
      )
      .describe(
        'Rows that are new, but nearly what is booked from another file, the API or by hand: look at them before the file is booked. At most 100.',
      ),
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
  /** Rows that entries are made of. */
  entryRows = 0;
  undecided = 0;
  readonly firstRead: z.input<typeof previewSchema>[] = [];
  readonly #unbooked = new Map<string, { undecided: Fixed; ignored: Fixed }>();
  readonly #undecidedRows: ReportRow[] = [];
  #rejected = 0;
  readonly #rejectedRows: ReportRow[] = [];
  readonly #ignoredRows: ReportRow[] = [];

  get rejected(): number {
    return this.#rejected;
  }

  /** How the first rows are read. */
  preview(line: number, entries: readonly RawEntry[]): void {
    if (this.firstRead.length < PREVIEWED_ROWS)
      this.firstRead.push({ line, entries: entries.map(entryBody) });
  }

  reject(line: number, column: string, detail: string, { code, params }: Reason = {}): void {
    this.#rejected += 1;
    if (this.#rejectedRows.length < REPORTED_ROWS) {
      const reason = code === undefined ? {} : { code, params };
      const sentence = sentenceAbout(`\`${column}\``, detail);
      this.#rejectedRows.push({ line, status: 'rejected', column, detail: sentence, ...reason });
    }
  }

  ignore(
    { line, rows }: { line: number; rows: number },
    code: IgnoredCode,
    word: string,
    moves: readonly Move[],
  ): void {
    this.ignored += rows;
    this.#count('ignored', moves);
    if (this.#ignoredRows.length >= REPORTED_ROWS) return;
    this.#ignoredRows.push({
      line,
      status: 'ignored',
      code,
      params: { word },
      detail: `${word}: ${IGNORED[code]}`,
    });
  }

  /** Rows that only their owner can explain. */
  ask({ line, rows }: { line: number; rows: number }, decision: RawDecision): void {
    this.undecided += rows;
    this.#count('undecided', decision.moves);
    if (this.#undecidedRows.length >= REPORTED_ROWS) return;
    const { code, word, moves } = decision;
    const detail = `${word}: ${detailOf(code)}`;
    const options = optionBodies(decision);
    this.#undecidedRows.push({ line, status: 'undecided', code, params: { word }, detail, moves, options });
  }

  #count(kind: 'undecided' | 'ignored', moves: readonly Move[]): void {
    for (const { asset, amount } of moves) {
      const sums = this.#unbooked.get(asset) ?? { undecided: ZERO, ignored: ZERO };
      sums[kind] += amountOf(amount);
      if (this.#unbooked.size < REPORTED_ROWS) this.#unbooked.set(asset, sums);
    }
  }

  /** Sums that are not zero, by asset. */
  get unbooked(): { asset: string; undecided: string; ignored: string }[] {
    return [...this.#unbooked]
      .filter(([, { undecided, ignored }]) => undecided !== ZERO || ignored !== ZERO)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([asset, { undecided, ignored }]) => ({
        asset,
        undecided: decimal(undecided),
        ignored: decimal(ignored),
      }));
  }

  /** Rows whose external id is already used for different content. */
  rejectConflicts(count: number, rows: readonly RowMatch[], column: string): void {
    this.#rejected += count;
    this.#rejectedRows.push(
      ...rows.map(({ line, entryId, twin }): ReportRow => {
        const other = entryId === null ? `line ${twin}` : `trade ${entryId}`;
        const detail = `\`${column}\` is the same as that of ${other}, but the rest is not.`;
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
      return [{ line, status: 'duplicate', detail: `The row is the same as line ${twin}.` }];
    });
    const others = [...this.#undecidedRows, ...compared, ...this.#ignoredRows].sort(
      (a, b) => a.line - b.line,
    );
    const room = Math.max(0, REPORTED_ROWS - this.#rejectedRows.length);
    return [...this.#rejectedRows, ...others.slice(0, room)].sort((a, b) => a.line - b.line);
  }

  /** The 422 of a file that is not booked because of some of its rows. */
  problem(): Problem {
    const errors = this.#rejectedRows
      .slice(0, PROBLEM_ROWS)
      .map(({ line, column, code, params, detail }): FieldError => ({
        line,
        ...(column === undefined ? {} : { column }),
        ...(code === undefined ? {} : { code, params: params ?? {} }),
        detail: detail ?? '',
      }));
    return problem('unprocessable-entry', {
      detail: `${this.#rejected} of ${this.rows} rows cannot be booked, so none was. Correct them, or send \`skipRejected=true\`.`,
      errors,
    });
  }
}
