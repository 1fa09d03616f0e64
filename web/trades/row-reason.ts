import { language } from '../page/locale.ts';
import { text } from '../text/text.ts';

/** A row of a file that was not imported, as a report or a problem has it. */
export interface RefusedRow {
  line?: number | undefined;
  column?: string | undefined;
  code?: string | undefined;
  params?: Readonly<Record<string, string>> | undefined;
  detail?: string | undefined;
  status?: 'rejected' | 'ignored' | undefined;
}

/** The server's own sentence says most, but it is English: in other languages the text is made of the code. */
export function rowReason(row: RefusedRow): string {
  const { detail, column, status } = row;
  if (language === 'en' && detail !== undefined) return detail;
  const known = reasonOfCode(row);
  if (known !== null) return known;
  if (column !== undefined) return text('importRowUnread', { column });
  return status === 'ignored' ? text('importRowIgnored') : text('importRowRefused');
}

/** `null` for a code that this page does not know, or that says no more than the column. */
function reasonOfCode({ code, column = '', params = {} }: RefusedRow): string | null {
  const param = (name: string): string => params[name] ?? '';
  switch (code) {
    case 'unknown-headings':
      return text('row.unknown-headings');
    case 'missing-column':
      return text('row.missing-column', { column, format: param('format') });
    case 'order-history':
      return text('row.order-history', { exchange: param('exchange') });
    case 'futures':
      return text('row.futures', { exchange: param('exchange') });
    case 'ambiguous-number':
    case 'ambiguous-date':
      return text(`row.${code}`, { column, readings: param('readings') });
    case 'in-future':
      return text('row.in-future', { column, value: param('value') });
    case 'wrong-value':
      return params['value'] === undefined
        ? null
        : text('row.wrong-value', { column, value: params['value'] });
    case 'skipped-time':
      return text('row.skipped-time', { column, zone: param('zone') });
    case 'too-early':
      return text('row.too-early', { column, earliest: param('earliest') });
    case 'empty':
    case 'not-a-number':
    case 'unknown-unit':
    case 'not-a-time':
    case 'no-time-zone':
    case 'unknown-side':
    case 'unknown-asset':
    case 'not-a-pair':
    case 'too-long':
      return text(`row.${code}`, { column });
    case 'too-many-cells':
      return text('row.too-many-cells');
    case 'internal-transfer':
    case 'not-completed':
    case 'pending-copy':
    case 'empty-row':
      return text(`row.${code}`, { word: param('word') });
    default:
      return null;
  }
}
