import { MarktideError } from 'marktide/client';
import type { components } from 'marktide/client';
import { movesInWords, optionName } from '../decisions/decision-words.ts';
import { count, exact, sign } from '../figures/number.ts';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { type RefusedRow, rowReason } from './row-reason.ts';

type Report = components['schemas']['ImportReport'];
type ReportRow = components['schemas']['ImportRow'];

/** The outcome of an import. */
export interface Outcome {
  message: string;
  /** The rows that were not imported, or have something to check, in words. */
  rows: string[];
  /** What was not booked of each asset, in words. */
  unbooked: string[];
  /** Rows that nearly match something that is booked, in words. */
  nearMisses: string[];
  /** Whether decisions can be made now: checking a file stores none. */
  hasDecisions: boolean;
}

const NOTHING: Pick<Outcome, 'rows' | 'unbooked' | 'nearMisses' | 'hasDecisions'> = {
  rows: [],
  unbooked: [],
  nearMisses: [],
  hasDecisions: false,
};

function inWords(row: RefusedRow): string {
  const detail = rowReason(row);
  return row.line === undefined ? detail : text('importRow', { line: count(row.line), detail });
}

function undecidedInWords({ line, params, detail = '', moves = [], options = [] }: ReportRow): string {
  const word = params?.['word'] ?? '';
  const what = [word, movesInWords(moves)].filter((part) => part !== '').join(' ');
  // The server's sentence begins with the word.
  const reason = detail.startsWith(`${word}: `) ? detail.slice(word.length + 2) : detail;
  const choices = options.map(optionName).join(', ');
  return text('importRow', {
    line: count(line),
    detail: text('importRowUndecided', { what, reason, choices }),
  });
}

function unbookedInWords({
  asset,
  undecided,
  settled,
  ignored,
  rejected,
}: Report['unbooked'][number]): string {
  const parts = [
    ...(sign(undecided) === 0 ? [] : [text('unbookedUndecided', { amount: signed(undecided) })]),
    ...(sign(settled) === 0 ? [] : [text('unbookedSettled', { amount: signed(settled) })]),
    ...(sign(ignored) === 0 ? [] : [text('unbookedIgnored', { amount: signed(ignored) })]),
    ...(sign(rejected) === 0 ? [] : [text('unbookedRejected', { amount: signed(rejected) })]),
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
    // Once the file is booked, its decisions say more.
    if (status === 'undecided') return dryRun ? [undecidedInWords(item)] : [];
    const isToCheck = item.code === 'fee-above-value';
    return status === 'rejected' || status === 'ignored' || isToCheck ? [inWords(item)] : [];
  });
  const message = text(dryRun ? 'importChecked' : 'importBooked', counts);
  const unjoined =
    report.unjoined === 0 ? '' : ` ${text('importUnjoined', { count: count(report.unjoined) })}`;
  return {
    message: message + unjoined,
    rows,
    unbooked: report.unbooked.map(unbookedInWords),
    nearMisses: report.nearMisses.map(({ line, differs }) =>
      text('importRow', { line: count(line), detail: text(`differs.${differs}`) }),
    ),
    hasDecisions: report.booked && report.decisions > 0,
  };
}

export function outcomeOfFailure(error: unknown): Outcome {
  // The file may have been booked before the connection was lost.
  if (!(error instanceof MarktideError)) return { ...NOTHING, message: text('importUnknown') };
  const errors = error.body?.errors ?? [];
  return {
    ...NOTHING,
    message: text('importRefused', { why: problemText(error) }),
    rows: errors.filter(({ line, code }) => line !== undefined || code !== undefined).map(inWords),
  };
}
