import { problem } from '../problem.ts';
import type { DecimalMark } from './reading/amount.ts';
import { type CsvRow, CsvSplitter, CsvSyntaxError } from './reading/csv-splitter.ts';
import { dateOrderOf, isMachineWritten, styleOf } from './reading/file-style.ts';
import { type Columns, type ColumnSpec, headingsOf, matchHeadings } from './reading/headings.ts';
import type { DateOrder, Zone } from './reading/local-time.ts';
import { malformed } from './reading/malformed.ts';
import { Row } from './reading/row.ts';
import { decodeText, type TextEncoding } from './reading/text-encoding.ts';

const DELIMITERS = [',', '\t', ';'];
/** Where the headings are looked for. */
const HEAD_CHARACTERS = 10_000;
const HEAD_LINES = 20;

export interface TableOptions {
  /** As stated by the client. */
  charset: TextEncoding | null;
  /** Of times that do not state one; `null` if unknown. */
  zone: Zone | null;
  /** The client's choice, for a table that does not prove it. */
  decimal: DecimalMark | null;
  dateOrder: DateOrder | null;
  /** What is added to a date without a time, as in ` 00:00`. */
  timeOfDay: string;
  /** Epoch milliseconds; times outside of this range are implausible. */
  earliest: number;
  latest: number;
  maxRows: number;
}

/** A date alone. */
const DATE = /^\d{1,4}([-./])\s?\d{1,2}\1\s?\d{1,4}\.?$/;

/**
 * Reads a table of figures that fits into memory, as strictly as files of entries: its headings are in the first
 * line that has text.
 * @param source bounded by the caller
 * @throws Problem `malformed-csv`, or 413 if there are too many rows
 */
export async function readTable(
  source: AsyncIterable<Buffer>,
  spec: ColumnSpec,
  { charset, zone, decimal, dateOrder, timeOfDay, earliest, latest, maxRows }: TableOptions,
): Promise<Row[]> {
  const { text } = await decodeText(source, charset);
  let whole = '';
  for await (const piece of text) whole += piece;
  const { columns, rows, line } = tableIn(whole, spec);
  if (rows.length === 0) throw malformed(line, 'no-rows', 'There are headings, but no rows below them.');
  if (rows.length > maxRows) {
    const detail = `The limit is ${maxRows} rows. Split the file.`;
    throw problem('payload-too-large', {
      detail,
      errors: [{ detail, code: 'too-many-rows', params: { limit: String(maxRows) } }],
    });
  }
  const times = Object.keys(spec).filter((name) => spec[name]?.holds === 'time' && columns.has(name));
  const timed = new Set(times.map((name) => columns.indexOf(name)));
  const cells = rows.map((row) =>
    row.cells.map((cell, index) =>
      timed.has(index) && DATE.test(cell.trim()) ? `${cell.trim()}${timeOfDay}` : cell,
    ),
  );
  const style = styleOf(cells, { spec, columns, earliest, latest });
  const told = decimal ?? style.decimal;
  const isPlain = told === null && isMachineWritten(style);
  const own = times.map((name) => columns.zone(name)).find((each) => each !== null) ?? null;
  const terms = {
    zone: own ?? zone,
    saidZone: own ?? zone,
    hasMixedDates: style.hasMixedDates,
    decimal: told === 'mixed' ? null : isPlain ? ('.' as const) : told,
    proofs: style.proofs,
    isPlain,
    dateOrder: dateOrder ?? dateOrderOf(style, null),
    earliest,
    preamble: [],
  };
  return rows.map((row, index) => new Row(row.line, cells[index] ?? [], columns, terms));
}

interface Table {
  columns: Columns;
  /** Those below the headings that have content. */
  rows: CsvRow[];
  /** The line of the headings, from 1. */
  line: number;
}

/** @throws Problem unless one delimiter gives all required headings */
function tableIn(text: string, spec: ColumnSpec): Table {
  let nearest: { missing: string[]; line: number } = { missing: [], line: 1 };
  for (const delimiter of DELIMITERS) {
    const head = headingRow(text, delimiter);
    const { columns, missing, rivals } = matchHeadings(spec, headingsOf(head.cells));
    const { line } = head;
    if (rivals.length > 0)
      throw malformed(line, 'not-csv', `Only one of the columns ${rivals.join(', ')} can be read.`);
    if (missing.length === 0) return { columns, rows: rowsBelow(text, { delimiter, line }), line };
    if (nearest.missing.length === 0 || missing.length < nearest.missing.length) nearest = { missing, line };
  }
  const { missing, line } = nearest;
  throw problem('malformed-csv', {
    detail: `Line ${line} has no heading ${missing.join(', ')}. The first line names the columns.`,
    errors: missing.map((column) => ({ line, column, detail: 'is missing' })),
  });
}

/** The first line that has text. */
function headingRow(text: string, delimiter: string): CsvRow {
  const lines = text.slice(0, HEAD_CHARACTERS).split(/\r?\n/, HEAD_LINES);
  const line =
    Math.max(
      0,
      lines.findIndex((each) => each.trim() !== ''),
    ) + 1;
  const [row] = splitting({ delimiter, line }, (splitter) => [
    ...splitter.push(lines[line - 1] ?? ''),
    ...splitter.end(),
  ]);
  return row ?? { line, cells: [] };
}

function rowsBelow(text: string, { delimiter, line }: { delimiter: string; line: number }): CsvRow[] {
  const rows = splitting({ delimiter, line: 1 }, (splitter) => [...splitter.push(text), ...splitter.end()]);
  return rows.filter((row) => row.line > line && row.cells.some((cell) => cell.trim() !== ''));
}

function splitting(
  at: { delimiter: string; line: number },
  split: (splitter: CsvSplitter) => CsvRow[],
): CsvRow[] {
  try {
    return split(new CsvSplitter(at));
  } catch (error) {
    if (!(error instanceof CsvSyntaxError)) throw error;
    throw malformed(error.line, 'not-csv', error.message, `#${error.index + 1}`);
  }
}
