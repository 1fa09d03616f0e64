import { text } from '../text/text.ts';

/** A row of a file that was not imported, from a report or a problem. */
export interface RefusedRow {
  line?: number | undefined;
  column?: string | undefined;
  code?: string | undefined;
  params?: Readonly<Record<string, string>> | undefined;
  detail?: string | undefined;
}

/** Why a row was not imported: in the server's words, unless those name a parameter that is a field of this page. */
export function rowReason({ column = '', code, params = {}, detail }: RefusedRow): string {
  const readings = params['readings'] ?? '';
  switch (code) {
    case 'ambiguous-number':
    case 'ambiguous-date':
      return text(`row.${code}`, { column, readings });
    case 'no-time-zone':
      return text('row.no-time-zone', { column });
    case 'unknown-order':
      return text('row.unknown-order');
    case 'unknown-headings':
      return text('row.unknown-headings', { sources: params['sources'] ?? '' });
    default:
      return detail ?? text('importRowRefused');
  }
}
