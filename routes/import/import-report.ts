import { z } from 'zod';
import type { ImportOutcome } from '../../db/import/import-booking.ts';
import type { RowMatch } from '../../db/import/import-match.ts';
import type { TradeDraft } from '../../db/ledger/entries/stored-entry.ts';
import {
  DECISION_CODES,
  type IgnoredCode,
  type Move,
  type RawDecision,
  type RawEntry,
} from '../../lib/import/reading/format.ts';
import { amountOf } from '../../lib/import/reading/legs.ts';
import { decisionIn, reasonIn, type ReasonLanguage } from '../../lib/import/reason-texts.ts';
import { type FieldError, problem, type Problem } from '../../lib/problem.ts';
import { decimal, type Fixed, ZERO } from '../../lib/money/money.ts';
import { sentenceAbout } from '../../lib/sentence.ts';
import { detailOf, entryBody, optionBodies } from './decision-body.ts';
import {
  PREVIEWED_ROWS,
  type previewSchema,
  REPORTED_ROWS,
  type ReportRow,
  type reportSchema,
} from './import-report-schema.ts';

/** The maximum number of rejected rows in a problem. */
const PROBLEM_ROWS = 100;

/** What was not booked of an asset, summed up. */
interface Unbooked {
  undecided: Fixed;
  settled: Fixed;
  ignored: Fixed;
  rejected: Fixed;
}

type Conflicts = Pick<ImportOutcome, 'conflicts' | 'conflictRows' | 'conflictMoves'>;

/** What a decision moves depends on the option, so it cannot be summed up. */
function isUnsummed({ moves, options }: RawDecision): boolean {
  return moves.length === 0 && options.some(({ entries }) => entries.length > 0);
}

/** Why a row is rejected, for texts in other languages. */
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

function rowIn(language: ReasonLanguage, row: ReportRow): ReportRow {
  const { status, code, params, detail } = row;
  if (detail === undefined) return row;
  const decision = status === 'undecided' ? DECISION_CODES.find((each) => each === code) : undefined;
  if (decision === undefined) return { ...row, detail: reasonIn(language, row, detail) };
  return { ...row, detail: `${params?.['word'] ?? ''}: ${decisionIn(language, decision, detail)}` };
}

function compare({ line, outcome, entryId, twin }: RowMatch): ReportRow {
  if (outcome === null) return { line, status: 'accepted' };
  if (entryId !== null) return { line, status: 'duplicate', tradeId: entryId };
  const detail = `The row is the same as line ${twin}.`;
  return { line, status: 'duplicate', code: 'same-row', params: { line: String(twin) }, detail };
}

/** Records the outcome of each row, and keeps the first of each kind. */
export class ImportReport {
  rows = 0;
  ignored = 0;
  /** The number of rows that entries are made of. */
  entryRows = 0;
  undecided = 0;
  readonly firstRead: z.input<typeof previewSchema>[] = [];
  /** The number of halves of own transfers whose other half is not in the file. */
  unjoined = 0;
  /** The number of rows whose amounts are unknown. */
  unsummed = 0;
  readonly #unbooked = new Map<string, Unbooked>();
  #isCut = false;
  readonly #undecidedRows: ReportRow[] = [];
  #rejected = 0;
  readonly #rejectedRows: ReportRow[] = [];
  readonly #ignoredRows: ReportRow[] = [];
  /** What to check in rows that can be booked, by line. */
  readonly #notes = new Map<number, Required<Reason> & { detail: string }>();

  get notedLines(): readonly number[] {
    return [...this.#notes.keys()];
  }

  get rejected(): number {
    return this.#rejected;
  }

  /** Records how the first rows are read. */
  preview(line: number, entries: readonly RawEntry[]): void {
    if (this.firstRead.length < PREVIEWED_ROWS)
      this.firstRead.push({ line, entries: entries.map(entryBody) });
  }

  /** @param moves of the row; absent if they cannot be read */
  reject(
    line: number,
    column: string,
    detail: string,
    { code, params }: Reason = {},
    moves: readonly Move[] | null = null,
  ): void {
    this.#rejected += 1;
    if (moves === null) this.unsummed += 1;
    else this.#count('rejected', moves);
    if (this.#rejectedRows.length < REPORTED_ROWS) {
      const reason = code === undefined ? {} : { code, params };
      const sentence = sentenceAbout(`\`${column}\``, detail);
      this.#rejectedRows.push({ line, status: 'rejected', column, detail: sentence, ...reason });
    }
  }

  /** Records a fee that is more than its trade. */
  noteDearFee(line: number, { fee }: Pick<TradeDraft, 'fee'>): void {
    if (fee === null || this.#notes.size === REPORTED_ROWS) return;
    const amount = `${decimal(fee.amount)} ${fee.currency}`;
    const detail = `The fee of ${amount} is more than the trade itself: check its amount and currency.`;
    this.#notes.set(line, { code: 'fee-above-value', params: { fee: amount }, detail });
  }

  /** Records the fees that only the file has, of rows that are booked already. */
  noteLostFees({ first, sums }: ImportOutcome['lostFees']): void {
    for (const [asset, amount] of sums) this.#count('ignored', [{ asset, amount: decimal(-amount) }]);
    for (const { line, currency, amount } of first) {
      const fee = `${decimal(amount)} ${currency}`;
      const detail = `It is booked already, but without ${fee} of its fee: correct that entry if the fee is missing.`;
      this.#notes.set(line, { code: 'fee-not-booked', params: { fee }, detail });
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

  /** Records rows that only the user can explain. */
  ask({ line, rows }: { line: number; rows: number }, decision: RawDecision): void {
    this.undecided += rows;
    this.#count('undecided', decision.moves);
    if (isUnsummed(decision)) this.unsummed += rows;
    if (this.#undecidedRows.length >= REPORTED_ROWS) return;
    const { code, word, moves } = decision;
    const detail = detailOf(code);
    const options = optionBodies(decision);
    this.#undecidedRows.push({ line, status: 'undecided', code, params: { word }, detail, moves, options });
  }

  /** Records what own transfers move of the place that the file is about. */
  setAside(moves: readonly Move[]): void {
    this.#count('ignored', moves);
  }

  /** Counts a row as settled instead of undecided, because its decision was made before. */
  settle({ moves }: RawDecision): void {
    this.#count('settled', moves);
    this.#count(
      'undecided',
      moves.map(({ asset, amount }) => ({ asset, amount: decimal(-amountOf(amount)) })),
    );
  }

  #count(kind: keyof Unbooked, moves: readonly Move[]): void {
    for (const { asset, amount } of moves) {
      let sums = this.#unbooked.get(asset);
      if (sums === undefined) {
        if (this.#unbooked.size === REPORTED_ROWS) {
          this.#isCut = true;
          continue;
        }
        sums = { undecided: ZERO, settled: ZERO, ignored: ZERO, rejected: ZERO };
        this.#unbooked.set(asset, sums);
      }
      sums[kind] += amountOf(amount);
    }
  }

  get unbookedTruncated(): boolean {
    return this.#isCut;
  }

  /** Non-zero sums, by asset. */
  get unbooked(): z.input<typeof reportSchema>['unbooked'] {
    return [...this.#unbooked]
      .filter(([, sums]) => Object.values(sums).some((sum) => sum !== ZERO))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([asset, { undecided, settled, ignored, rejected }]) => ({
        asset,
        undecided: decimal(undecided),
        settled: decimal(settled),
        ignored: decimal(ignored),
        rejected: decimal(rejected),
      }));
  }

  /**
   * Records rows whose external id is already used for different content.
   * @param moves of all of them
   */
  rejectConflicts({ conflicts, conflictRows, conflictMoves }: Conflicts, column: string): void {
    const rows = conflictRows;
    this.#rejected += conflicts;
    this.#count('rejected', conflictMoves);
    this.#rejectedRows.push(
      ...rows.map(({ line, entryId, twin }): ReportRow => {
        const other = entryId === null ? `line ${twin}` : `trade ${entryId}`;
        const detail = `\`${column}\` is the same as that of ${other}, but the rest is not.`;
        return {
          line,
          status: 'rejected',
          column,
          detail,
          code: 'same-id',
          params: entryId === null ? { line: String(twin) } : {},
          ...(entryId === null ? {} : { tradeId: entryId }),
        };
      }),
    );
    this.#rejectedRows.sort((a, b) => a.line - b.line);
    this.#rejectedRows.splice(REPORTED_ROWS);
  }

  /** @param first the first rows that were compared with the ledger */
  items(first: readonly RowMatch[], language: ReasonLanguage): ReportRow[] {
    const compared = first.flatMap((match): ReportRow[] =>
      match.outcome === 'conflict' ? [] : [{ ...compare(match), ...this.#notes.get(match.line) }],
    );
    const isNoted = ({ line }: ReportRow): boolean => this.#notes.has(line);
    const noted = compared.filter(isNoted);
    const plain = compared.filter((row) => !isNoted(row));
    const others = [...this.#undecidedRows, ...plain, ...this.#ignoredRows].sort((a, b) => a.line - b.line);
    return [...this.#rejectedRows, ...noted, ...others]
      .slice(0, REPORTED_ROWS)
      .sort((a, b) => a.line - b.line)
      .map((row) => rowIn(language, row));
  }

  /** The 422 for a file that is not booked because of some of its rows. */
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
      summary: {
        code: 'rows-rejected',
        params: { rejected: String(this.#rejected), rows: String(this.rows) },
      },
      errors,
    });
  }
}
