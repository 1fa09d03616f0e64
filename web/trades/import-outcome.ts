import { MarktideError } from 'marktide/client';
import type { components } from 'marktide/client';
import { count } from '../figures/number.ts';
import { language } from '../page/locale.ts';
import { problemText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';

type Report = components['schemas']['ImportReport'];

/** What became of a file. */
export interface Outcome {
  message: string;
  /** The rows that were not imported, in words. */
  rows: string[];
}

interface Row {
  line?: number | undefined;
  column?: string | undefined;
  detail?: string | undefined;
  status?: 'rejected' | 'ignored' | undefined;
}

/** The server's own sentence says most, but it is English. */
function reasonOf({ column, detail, status }: Row): string {
  if (language === 'en' && detail !== undefined) return detail;
  if (column !== undefined) return text('importRowUnread', { column });
  return status === 'ignored' ? text('importRowIgnored') : text('importRowRefused');
}

function inWords(row: Row): string {
  return text('importRow', { line: count(row.line ?? 0), detail: reasonOf(row) });
}

export function outcomeOf(report: Report): Outcome {
  const { accepted, duplicates, rejected, ignored } = report;
  const counts = {
    accepted: count(accepted),
    duplicates: count(duplicates),
    rejected: count(rejected),
    ignored: count(ignored),
  };
  const rows = report.items.flatMap((item) => {
    const { status } = item;
    return status === 'rejected' || status === 'ignored' ? [inWords({ ...item, status })] : [];
  });
  return { message: text(report.dryRun ? 'importChecked' : 'importBooked', counts), rows };
}

export function outcomeOfFailure(error: unknown): Outcome {
  // The file may have been booked before the connection broke off.
  if (!(error instanceof MarktideError)) return { message: text('importUnknown'), rows: [] };
  const errors = error.body?.errors ?? [];
  return {
    message: text('importRefused', { why: problemText(error) }),
    rows: errors.filter(({ line }) => line !== undefined).map(inWords),
  };
}
