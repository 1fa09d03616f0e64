import { MarktideError } from 'marktide/client';
import type { components } from 'marktide/client';
import { movesInWords, optionName, decisionReason } from '../decisions/decision-words.ts';
import { count, exact, sign } from '../figures/number.ts';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type RefusedRow, rowReason } from './row-reason.ts';

type Report = components['schemas']['ImportReport'];
type ReportRow = components['schemas']['ImportRow'];

/** What became of a file. */
export interface Outcome {
  message: string;
  /** The rows that were not imported, in words. */
  rows: string[];
  /** What is not booked of each asset, in words. */
  unbooked: string[];
  /** Whether decisions can be taken now: a file that is only checked leaves none. */
  hasDecisions: boolean;
}

const NOTHING: Pick<Outcome, 'rows' | 'unbooked' | 'hasDecisions'> = {
  rows: [],
  unbooked: [],
  hasDecisions: false,
};

function inWords(row: RefusedRow): string {
  return text('importRow', { line: count(row.line ?? 0), detail: rowReason(row) });
}

function undecidedInWords({
  line,
  code = '',
  params,
  detail = '',
  moves = [],
  options = [],
}: ReportRow): string {
  const what = [params?.['word'] ?? '', movesInWords(moves)].filter((part) => part !== '').join(' ');
  const reason = decisionReason(code, detail);
  const choices = options.map(optionName).join(', ');
  return text('importRow', {
    line: count(line),
    detail: text('importRowUndecided', { what, reason, choices }),
  });
}

function unbookedInWords({ asset, undecided, ignored }: Report['unbooked'][number]): string {
  const parts = [
    ...(sign(undecided) === 0 ? [] : [text('unbookedUndecided', { amount: signed(undecided) })]),
    ...(sign(ignored) === 0 ? [] : [text('unbookedIgnored', { amount: signed(ignored) })]),
  ];
  return `${asset}: ${parts.join(', ')}`;
}

const signed = (amount: string): string => `${sign(amount) > 0 ? '+' : ''}${exact(amount)}`;

export function outcomeOf(report: Report): Outcome {
  const { accepted, duplicates, rejected, ignored, undecided, dryRun } = report;
  const counts = {
    accepted: count(accepted),
    duplicates: count(duplicates),
    rejected: count(rejected),
    ignored: count(ignored),
    undecided: count(undecided),
  };
  const rows = report.items.flatMap((item) => {
    const { status } = item;
    // What is booked leaves decisions, which say more.
    if (status === 'undecided') return dryRun ? [undecidedInWords(item)] : [];
    return status === 'rejected' || status === 'ignored' ? [inWords({ ...item, status })] : [];
  });
  return {
    message: text(dryRun ? 'importChecked' : 'importBooked', counts),
    rows,
    unbooked: report.unbooked.map(unbookedInWords),
    hasDecisions: report.booked && report.decisions > 0,
  };
}

export function outcomeOfFailure(error: unknown): Outcome {
  // The file may have been booked before the connection broke off.
  if (!(error instanceof MarktideError)) return { ...NOTHING, message: text('importUnknown') };
  const errors = error.body?.errors ?? [];
  return {
    ...NOTHING,
    message: text('importRefused', { why: problemText(error) }),
    rows: errors.filter(({ line }) => line !== undefined).map(inWords),
  };
}
