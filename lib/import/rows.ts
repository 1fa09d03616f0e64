import { problem } from '../problem.ts';
import { TimeSlice } from '../async/time-slice.ts';
import type { DecimalMark } from './reading/amount.ts';
import { CellError } from './reading/cell-error.ts';
import { type CsvRow, CsvSplitter, CsvSyntaxError } from './reading/csv-splitter.ts';
import { dateOrderOf, isMachineWritten, styleOf } from './reading/file-style.ts';
import type { GroupReading, ImportFormat, RowReading } from './reading/format.ts';
import { detectFormat, type FileLayout } from './layouts/formats.ts';
import { type DateOrder, isSameZone, type Zone } from './reading/local-time.ts';
import { isPasted, pastedRows } from './reading/pasted-cells.ts';
import { type ReadingTerms, Row } from './reading/row.ts';
import { readBoth } from './reading/both-passes.ts';
import { directionOf, RepeatedHours } from './reading/repeated-hours.ts';
import { RowGroups } from './reading/row-groups.ts';
import type { RowOrder } from './reading/row-order.ts';
import { malformed } from './reading/malformed.ts';
import { decodeText, type FileEncoding, type TextEncoding } from './reading/text-encoding.ts';

/** The number of characters searched for the headings. */
const HEAD_CHARACTERS = 32_768;
/** The number of characters split into rows at once. */
const PIECE = 16_384;
/**
 * The maximum length of a cell that is read: enough for the maximum number of tags, with everything an export
 * adds to them.
 */
const MAX_CELL = 16_384;

type Reading = RowReading | { error: CellError };

/**
 * A row of the file, or several that belong together: the line the first begins on, from 1, and their number.
 * Rows without content are skipped.
 */
export type ImportRow = { line: number; rows: number } & Reading;

export interface ImportFile {
  layout: FileLayout;
  encoding: FileEncoding;
  /** The zone of times that do not state one; `null` if the file does not tell. */
  zone: Zone | null;
  /** @throws Problem that names line and column, if the text is not CSV */
  rows: AsyncGenerator<ImportRow, void, undefined>;
}

export interface ReadOptions {
  /** As stated by the client. */
  charset: TextEncoding | null;
  /** Overrides the zone that the source is known to use. */
  zone: Zone | null;
  /** The layout that the client has mapped; if absent, the headings decide. */
  format?: ImportFormat | null;
  /** The client's choice, for a file that does not prove it. */
  decimal?: DecimalMark | null;
  dateOrder?: DateOrder | null;
  /** Epoch milliseconds; times outside of this range are implausible. */
  earliest: number;
  latest: number;
  /** Includes empty rows. */
  maxRows: number;
}

/**
 * Reads a file of trades as it arrives, in bounded memory. It yields to the event loop between pieces,
 * whatever the shape of the file.
 * @throws Problem if it is not text, or has no known headings; iterating the rows throws 413 if there are too
 *   many
 */
export async function readFile(source: AsyncIterable<Buffer>, options: ReadOptions): Promise<ImportFile> {
  const { encoding, text: decoded } = await decodeText(source, options.charset);
  let head = await headOf(decoded);
  let text = decoded;
  // Some files end lines with a carriage return alone.
  if (head.includes('\r') && !head.includes('\n')) {
    head = head.replaceAll('\r', '\n');
    text = returnsAsFeeds(decoded);
  }
  try {
    if (isPasted(head)) {
      text = pastedRows(joined(head, text));
      head = await headOf(text);
    }
    const layout = detectFormat(head, options.format ?? null);
    const { terms, direction } = termsOf(head, layout, options);
    return {
      layout,
      encoding,
      zone: terms.zone,
      rows: endingWith(decoded, rowsOf(head, text, { layout, terms, direction, maxRows: options.maxRows })),
    };
  } catch (error) {
    await text.return();
    await decoded.return();
    throw error;
  }
}

async function headOf(text: AsyncGenerator<string, void, undefined>): Promise<string> {
  let head = '';
  while (head.length < HEAD_CHARACTERS) {
    const next = await text.next();
    if (next.done === true) break;
    head += next.value;
  }
  return head;
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  yield head;
  yield* rest;
}

/** Closes a text when its rows end: the generators in between may not have started to read it. */
async function* endingWith<T>(
  text: AsyncGenerator<string, void, undefined>,
  rows: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* rows;
  } finally {
    await text.return();
  }
}

async function* returnsAsFeeds(
  text: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  for await (const piece of text) yield piece.replaceAll('\r', '\n');
}

/** @throws Problem if the file contradicts the client's options */
function termsOf(
  head: string,
  layout: FileLayout,
  options: ReadOptions,
): { terms: ReadingTerms; direction: RowOrder | null } {
  const { format, columns, preamble } = layout;
  const { latest } = options;
  const earliest = Math.max(options.earliest, format.since ?? 0);
  const rows = headRows(head, layout);
  const style = styleOf(rows, { spec: format.columns, columns, earliest, latest });
  const own =
    timeColumns(layout)
      .map((name) => columns.zone(name))
      .find((zone) => zone !== null) ?? null;
  if (own !== null && options.zone !== null && !isSameZone(own, options.zone)) {
    throw contradiction('tz', own.name, `one of its headings says ${own.name}`);
  }
  const { decimal: saidDecimal = null, dateOrder: saidOrder = null } = options;
  if (saidDecimal !== null && style.decimal !== null && style.decimal !== saidDecimal) {
    throw contradiction('decimal', style.decimal, 'its numbers have the other one');
  }
  if (saidOrder !== null && !style.dateOrders.includes(saidOrder)) {
    const found = style.dateOrders.join(' or ') || 'several';
    throw contradiction('dateOrder', found, `its dates have ${found}`);
  }
  // The source writes the other mark: the file was edited, and a comma may still separate thousands.
  const isEdited = style.decimal !== null && format.decimal !== null && style.decimal !== format.decimal;
  const told = saidDecimal ?? (isEdited ? 'mixed' : (style.decimal ?? format.decimal));
  const isPlain = told === null && isMachineWritten(style);
  const dateOrder = saidOrder ?? dateOrderOf(style, format.dates);
  const terms = {
    zone: own ?? options.zone ?? format.zone(columns, preamble),
    saidZone: own ?? options.zone,
    hasMixedDates: style.hasMixedDates,
    decimal: told === 'mixed' ? null : isPlain ? '.' : told,
    proofs: style.proofs,
    isPlain,
    dateOrder,
    earliest,
    preamble,
  };
  const { zone } = terms;
  const direction =
    zone === null || zone.isFixed ? null : directionOf(rows, columns, { order: dateOrder, zone });
  return { terms, direction: direction ?? format.order };
}

/** @param file what the file shows */
function contradiction(parameter: string, file: string, detail: string): Error {
  return problem('unprocessable-entry', {
    errors: [
      {
        parameter,
        detail: `contradicts the file: ${detail}`,
        code: 'contradicts-file',
        params: { parameter, file },
      },
    ],
  });
}

function timeColumns({ format, columns }: FileLayout): string[] {
  return Object.keys(format.columns).filter(
    (name) => format.columns[name]?.holds === 'time' && columns.has(name),
  );
}

/** The number of rows examined for the style of numbers and times, since every character could be a row. */
const HEAD_ROWS = 2_000;

/** The first non-empty rows of a file, without the last one, which may be cut off. */
function headRows(head: string, { delimiter, line }: FileLayout): string[][] {
  const splitter = new CsvSplitter({ delimiter, line });
  try {
    const rows = splitter.push(head.slice(0, HEAD_CHARACTERS).slice(startOf(head, line)));
    const all = head.length < HEAD_CHARACTERS ? [...rows, ...splitter.end()] : rows;
    const cells = all.slice(1).map((row) => row.cells);
    return cells.filter((row) => row.some((cell) => cell.trim() !== '')).slice(0, HEAD_ROWS);
  } catch (error) {
    // Reported when the row is read.
    if (error instanceof CsvSyntaxError) return [];
    throw error;
  }
}

function startOf(head: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n += 1) at = head.indexOf('\n', at) + 1;
  return at;
}

async function* rowsOf(
  head: string,
  text: AsyncGenerator<string, void, undefined>,
  {
    layout,
    terms,
    direction,
    maxRows,
  }: { layout: FileLayout; terms: ReadingTerms; direction: RowOrder | null; maxRows: number },
): AsyncGenerator<ImportRow, void, undefined> {
  const { format, columns, delimiter } = layout;
  const splitter = new CsvSplitter({ delimiter, line: layout.line });
  let rows = -1;
  let isEmpty = true;
  const groups = new RowGroups(format.group ?? null);
  const hours = new RepeatedHours(direction);
  const slice = new TimeSlice();
  try {
    for await (const some of piecesOf(fromHeadings(head, text, layout.line), splitter)) {
      for (const { line, cells } of some) {
        rows += 1;
        if (rows > maxRows) {
          const detail = `The limit is ${maxRows} rows. Split the file.`;
          const params = { limit: String(maxRows) };
          throw problem('payload-too-large', {
            detail,
            errors: [{ line, detail, code: 'too-many-rows', params }],
          });
        }
        if (line === layout.line || cells.every((cell) => cell.trim() === '')) continue;
        isEmpty = false;
        const row = new Row(line, cells, columns, terms);
        for (const each of hours.add(row)) {
          for (const group of groups.add(each)) yield* readingsOf(group);
        }
        if (slice.isOver) await slice.next();
      }
    }
    for (const each of hours.end()) for (const group of groups.add(each)) yield* readingsOf(group);
    for (const group of groups.end()) yield* readingsOf(group);
  } catch (error) {
    throw error instanceof CsvSyntaxError ? syntaxProblem(error, layout) : error;
  }
  if (isEmpty) throw malformed(layout.line, 'no-rows', 'There are headings, but no rows below them.');

  function* readingsOf(group: readonly Row[]): Generator<ImportRow, void, undefined> {
    const [first, ...others] = group;
    if (first === undefined) return;
    let readings: GroupReading[];
    try {
      for (const row of group) check(row);
      readings = readBoth([first, ...others], format);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      // Rows that belong together are booked together, or not at all.
      for (const { line } of group) yield { line, rows: 1, error };
      return;
    }
    for (const { rows, reading } of readings) {
      yield { line: Math.min(...rows.map(({ line }) => line)), rows: rows.length, ...reading };
    }
  }

  /** @throws CellError for a row that is invalid in every format */
  function check({ cells }: Row): void {
    const surplus = cells.slice(columns.count).findIndex((cell) => cell.trim() !== '');
    if (surplus !== -1) {
      const detail = 'has no heading: the row has too many cells';
      throw new CellError(`#${columns.count + surplus + 1}`, 'too-many-cells', detail);
    }
    const long = columns.longerThan(MAX_CELL, cells);
    if (long !== null) throw new CellError(long, 'too-long', `is longer than ${MAX_CELL} characters`);
  }
}

/** The rows of a text, a few at a time, since every character could be a row. */
async function* piecesOf(
  text: AsyncGenerator<string, void, undefined>,
  splitter: CsvSplitter,
): AsyncGenerator<CsvRow[], void, undefined> {
  const slice = new TimeSlice();
  let waiting = '';
  for await (const piece of text) {
    waiting += piece;
    let at = 0;
    for (; waiting.length - at >= PIECE; at += PIECE) {
      yield splitter.push(waiting.slice(at, at + PIECE));
      if (slice.isOver) await slice.next();
    }
    waiting = waiting.slice(at);
  }
  yield splitter.push(waiting);
  yield splitter.end();
}

/** The text from its headings on. */
async function* fromHeadings(
  head: string,
  text: AsyncGenerator<string, void, undefined>,
  line: number,
): AsyncGenerator<string, void, undefined> {
  try {
    yield head.slice(startOf(head, line));
    yield* text;
  } finally {
    // A reader that stops within the head never reaches the rest.
    await text.return();
  }
}

function syntaxProblem({ line, index, message }: CsvSyntaxError, { columns }: FileLayout): Error {
  return malformed(line, 'not-csv', message, columns.headingAt(index) ?? `#${index + 1}`);
}
